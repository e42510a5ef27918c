import type { Recommendation, ScoreParts } from 'inglenook';
import { html } from './dom.js';

const PARTS: { name: keyof ScoreParts; label: string; meaning: string }[] = [
  { name: 'query', label: 'Your words', meaning: 'how close its description is to your search' },
  { name: 'content', label: 'Your taste', meaning: 'how like it is to what you liked' },
  { name: 'collaborative', label: 'Others like you', meaning: 'what those who chose the same chose' },
  { name: 'sequence', label: 'What comes next', meaning: 'what is often chosen after your latest' },
  { name: 'popularity', label: 'Popularity', meaning: 'how many viewers know and like it' },
  { name: 'feedback', label: 'Not for you', meaning: 'how like it is to what you turned down' },
  { name: 'diversity', label: 'Variety', meaning: 'what it gave up for being like its neighbors' },
];

const KINDS = { like: 'liked', dislike: 'turned down', view: 'looked at', click: 'opened', purchase: 'bought' };

/** Fills and shows the dialog: every part of the score, their sum, and the films of the history behind it. */
export function showExplanation(dialog: HTMLDialogElement, { title, score, parts, because }: Recommendation): void {
  const present = PARTS.flatMap((part) => {
    const value = parts[part.name];
    return value === undefined ? [] : [{ ...part, value }];
  });
  const largest = Math.max(...Object.values(parts).map(Math.abs), Number.EPSILON);
  dialog.replaceChildren(
    html('h2', { id: 'explanation-title' }, `Why ${title}?`),
    html(
      'table',
      { class: 'parts' },
      html('caption', { class: 'visually-hidden' }, 'The parts of its score'),
      html(
        'tbody',
        {},
        ...present.map(({ name, label, meaning, value }) =>
          html(
            'tr',
            { 'data-testid': `part-${name}`, 'data-value': value },
            html('th', { scope: 'row' }, label, html('small', {}, meaning)),
            html('td', { class: 'part-bar' }, bar(value / largest)),
            html('td', { class: 'part-value' }, signed(value)),
          ),
        ),
      ),
      html(
        'tfoot',
        {},
        html(
          'tr',
          { 'data-testid': 'explanation-total', 'data-value': score },
          html('th', { scope: 'row' }, 'Score'),
          html('td'),
          html('td', { class: 'part-value' }, signed(score)),
        ),
      ),
    ),
    ...reasons(because),
    html(
      'p',
      { class: 'actions' },
      html(
        'button',
        { class: 'button primary', type: 'button', 'data-testid': 'explanation-close', click: () => dialog.close() },
        'Close',
      ),
    ),
  );
  dialog.showModal();
}

function reasons(because: Recommendation['because']): HTMLElement[] {
  if (because.length === 0) return [html('p', { class: 'fine-print' }, 'Nothing in your history speaks for it.')];
  return [
    html('h3', {}, 'What pulled it up'),
    html(
      'ul',
      { class: 'reasons', 'data-testid': 'explanation-because' },
      ...because
        .slice(0, 6)
        .map(({ title, kind, share }) =>
          html(
            'li',
            {},
            html('span', {}, title, html('small', {}, `you ${KINDS[kind]} it`)),
            bar(share),
            html('span', { class: 'part-value' }, `${Math.round(share * 100)} %`),
          ),
        ),
    ),
  ];
}

/** A bar whose length says how much, and whose color says whether it helped or hurt. */
function bar(share: number): HTMLElement {
  const element = html('span', { class: share < 0 ? 'bar hurts' : 'bar', 'aria-hidden': 'true' });
  element.style.setProperty('--share', Math.abs(share).toFixed(3));
  return element;
}

function signed(value: number): string {
  const text = Math.abs(value).toFixed(3);
  return value < -0.0005 ? `−${text}` : text;
}
