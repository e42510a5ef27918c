import type { TagFilter } from 'inglenook';
import { InglenookElement } from './element.js';
import { parseFilter } from './tag-filter.js';

const DEFAULT_K = 12;

export type Repeats = 'fade' | 'never' | 'always';

/** The attributes of a shelf, as properties too. */
export abstract class ShelfAttributes extends InglenookElement {
  static override observedAttributes = [
    ...InglenookElement.observedAttributes,
    'query',
    'similar-to',
    'k',
    'diversity',
    'filter',
    'heading',
    'heading-level',
    'repeats',
    'images',
  ];

  /** A filter that was set as a value stands until the attribute changes. */
  #filter: TagFilter | null = null;

  get query(): string {
    return this.getAttribute('query') ?? '';
  }
  set query(value: string) {
    this.setAttribute('query', value);
  }

  get similarTo(): string | null {
    return this.getAttribute('similar-to');
  }
  set similarTo(value: string | null) {
    this.#reflect('similar-to', value);
  }

  get k(): number {
    return this.#number('k') ?? DEFAULT_K;
  }
  set k(value: number) {
    this.setAttribute('k', String(value));
  }

  get diversity(): number | null {
    return this.#number('diversity') ?? null;
  }
  set diversity(value: number | null) {
    this.#reflect('diversity', value === null ? null : String(value));
  }

  /** The filter as a value; as an attribute it is written in one line. */
  get filter(): TagFilter {
    return this.#filter ?? parseFilter(this.getAttribute('filter') ?? '');
  }
  set filter(value: TagFilter | string) {
    this.#filter = typeof value === 'string' ? null : value;
    if (typeof value === 'string') this.setAttribute('filter', value);
    this.ask();
  }

  get heading(): string {
    return this.getAttribute('heading') ?? '';
  }
  set heading(value: string) {
    this.setAttribute('heading', value);
  }

  get repeats(): Repeats {
    const value = this.getAttribute('repeats');
    return value === 'never' || value === 'always' ? value : 'fade';
  }
  set repeats(value: Repeats) {
    this.setAttribute('repeats', value);
  }

  get recordClicks(): boolean {
    return this.hasAttribute('record-clicks');
  }
  set recordClicks(value: boolean) {
    this.toggleAttribute('record-clicks', value);
  }

  get images(): boolean {
    return this.hasAttribute('images');
  }
  set images(value: boolean) {
    this.toggleAttribute('images', value);
  }

  get headingLevel(): number {
    return Math.min(Math.max(this.#number('heading-level') ?? 2, 1), 6);
  }
  set headingLevel(value: number) {
    this.setAttribute('heading-level', String(value));
  }

  /** Ranks again soon. */
  protected abstract ask(): void;

  protected override changed(attribute: string): void {
    if (attribute === 'filter') this.#filter = null;
  }

  protected override properties(): string[] {
    return [
      'query',
      'similarTo',
      'k',
      'diversity',
      'filter',
      'heading',
      'headingLevel',
      'repeats',
      'recordClicks',
      'images',
    ];
  }

  #number(attribute: string): number | undefined {
    const text = this.getAttribute(attribute);
    return text === null || text.trim() === '' ? undefined : Number(text);
  }

  #reflect(attribute: string, value: string | null): void {
    if (value === null) this.removeAttribute(attribute);
    else this.setAttribute(attribute, value);
  }
}
