// Elements in one expression. Styles come from classes and CSSOM only: the page's content security policy allows no inline style.
import { type Attributes, fill } from '../src/elements/dom.js';

export { html } from '../src/elements/dom.js';

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

/** The page's element with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element with id "${id}"`);
  return element as E;
}
