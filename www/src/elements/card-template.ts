import type { Recommendation } from 'inglenook';

/**
 * A page's own card: a copy of the shelf's `<template>`, with every element that has a `data-field` filled in. `title`, `tags`, `because` and
 * `score` set text; `url` sets a link's address and `image` an image's, and takes the element away where the item has none.
 */
export function fillTemplate(template: HTMLTemplateElement, recommendation: Recommendation, because: string): Element {
  const content = template.ownerDocument.createElement('div');
  content.append(template.content.cloneNode(true));
  for (const element of content.querySelectorAll<HTMLElement>('[data-field]')) {
    const fields = element.dataset['field']!.split(/\s+/);
    for (const field of fields) fillField(element, field, recommendation, because);
  }
  return content;
}

function fillField(element: HTMLElement, field: string, recommendation: Recommendation, because: string): void {
  const { title, tags, url, image, score } = recommendation;
  if (field === 'title') element.textContent = title;
  else if (field === 'tags') element.textContent = tags.join(', ');
  else if (field === 'because') element.textContent = because;
  else if (field === 'score') element.textContent = score.toFixed(3);
  else if (field === 'id') element.dataset['itemId'] = recommendation.id;
  else if (field === 'url') setOrRemove(element, 'href', url);
  else if (field === 'image') setOrRemove(element, 'src', image);
}

function setOrRemove(element: HTMLElement, attribute: string, value: string | undefined): void {
  // A link without an address keeps its text; an image without one is nothing.
  if (value !== undefined) element.setAttribute(attribute, value);
  else if (attribute === 'src') element.remove();
}
