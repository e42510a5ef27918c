import { byId, html } from './dom.js';

const SHOWN_MS = 8000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** A short message that goes away by itself, with a way back where there is one. */
export function toast(text: string, undo?: () => void): void {
  const element = byId('toast');
  const hide = () => element.replaceChildren();
  const click = () => {
    hide();
    undo?.();
  };
  element.replaceChildren(
    html('span', {}, text),
    ...(undo ? [html('button', { class: 'button quiet', type: 'button', 'data-testid': 'undo', click }, 'Undo')] : []),
  );
  clearTimeout(timer);
  timer = setTimeout(hide, SHOWN_MS);
}
