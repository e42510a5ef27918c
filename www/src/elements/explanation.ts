import type { Recommendation, ScoreParts } from 'inglenook';
import { html } from './dom.js';
import type { Words } from './words.js';

const ORDER: (keyof ScoreParts)[] = [
  'query',
  'content',
  'collaborative',
  'sequence',
  'popularity',
  'feedback',
  'diversity',
];
const MAX_REASONS = 6;

/** Fills and shows a dialog: every part of the score, their sum, and the items of the profile behind it. */
export function showExplanation(dialog: HTMLDialogElement, recommendation: Recommendation, words: Words): void {
  const { title, score, parts, because } = recommendation;
  const present = ORDER.filter((name) => parts[name] !== undefined);
  const largest = Math.max(...present.map((name) => Math.abs(parts[name]!)), Number.EPSILON);
  const heading = html('h2', { id: 'explanation-title' }, words.whyTitle(title));
  dialog.replaceChildren(
    heading,
    html(
      'table',
      { part: 'explanation' },
      html(
        'tbody',
        {},
        ...present.map((name) => {
          const [label, meaning] = words.parts[name];
          return html(
            'tr',
            { 'data-part': name, 'data-value': parts[name]! },
            html('th', { scope: 'row' }, label, html('small', {}, meaning)),
            html('td', { class: 'bar-cell' }, bar(parts[name]! / largest)),
            html('td', { class: 'value' }, signed(parts[name]!)),
          );
        }),
      ),
      html(
        'tfoot',
        {},
        html(
          'tr',
          { 'data-part': 'total', 'data-value': score },
          html('th', { scope: 'row' }, words.total),
          html('td'),
          html('td', { class: 'value' }, signed(score)),
        ),
      ),
    ),
    ...reasons(because, words),
    html(
      'p',
      { class: 'actions' },
      html(
        'button',
        { class: 'button primary', part: 'button', type: 'button', click: () => dialog.close() },
        words.close,
      ),
    ),
  );
  dialog.setAttribute('aria-labelledby', heading.id);
  dialog.showModal();
}

function reasons(because: Recommendation['because'], words: Words): HTMLElement[] {
  if (because.length === 0) return [html('p', { class: 'soft' }, words.nothingSpeaks)];
  return [
    html('h3', {}, words.pulledUp),
    html(
      'ul',
      { class: 'reasons' },
      ...because
        .slice(0, MAX_REASONS)
        .map(({ title, kind, share }) =>
          html(
            'li',
            {},
            html('span', {}, title, html('small', {}, words.kinds[kind])),
            bar(share),
            html('span', { class: 'value' }, words.percent(share)),
          ),
        ),
    ),
  ];
}

function bar(share: number): HTMLElement {
  const element = html('span', { class: share < 0 ? 'bar hurts' : 'bar', 'aria-hidden': 'true' });
  element.style.setProperty('--share', Math.abs(share).toFixed(4));
  return element;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
