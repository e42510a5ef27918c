import { styleSheet } from './style.js';

export const shelfStyle = styleSheet(`
.list {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(min(var(--inglenook-card-size, 11rem), 46%), 1fr));
  gap: calc(var(--inglenook-gap, 1.2rem) * 1.4) var(--inglenook-gap, 1.2rem);
}
.list:focus { outline: none; }
article { display: flex; flex-direction: column; height: 100%; }
.cover {
  display: block; width: 100%; aspect-ratio: 3 / 2; object-fit: cover; border-radius: var(--_radius);
}
.cover.drawn {
  display: grid; place-items: center; overflow: hidden;
  background: linear-gradient(var(--turn), hsl(var(--hue) 38% 34%), hsl(calc(var(--hue) + 42) 46% 48%));
  color: rgb(255 255 255 / 88%);
  font-size: 2.4rem; font-weight: 700;
}
.title { margin-block: 0.6rem 0.15rem; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.title-button { padding: 0; border: 0; background: none; font: inherit; text-align: start; }
.title-button:hover { text-decoration: underline; }
.because { margin-block: 0.25rem 0.5rem; color: var(--_accent); font-size: 0.84em; line-height: 1.35; }
.because:empty { margin-block: 0.4rem 0; }
.card .actions { margin-block-start: auto; }
.button.like::before { content: '♥' / ''; margin-inline-end: 0.35em; color: var(--_accent); }
.button.like[aria-pressed='true']::before { color: inherit; }
a[part='link'] { text-decoration: none; }
a[part='link']:hover { text-decoration: underline; }
.button.why { padding-inline: 0.2rem; border-color: transparent; background: none; text-decoration: underline dotted; text-underline-offset: 0.2em; }
.notice:not(:empty) { margin-block-start: 0.9rem; }
.error { margin-block-end: 1rem; }
.progress { display: grid; gap: 0.4rem; margin-block-end: 1rem; font-variant-numeric: tabular-nums; }
progress { width: min(20rem, 100%); height: 0.5rem; accent-color: var(--_accent); }
.empty { padding: 2rem 1rem; border: 1px dashed var(--_line); border-radius: var(--_radius); text-align: center; }
.skeleton { aspect-ratio: 3 / 4; border-radius: var(--_radius); background: color-mix(in srgb, currentColor 9%, transparent); }
@media (prefers-reduced-motion: no-preference) {
  .skeleton { animation: breathe 1.6s ease-in-out infinite; }
  .card { animation: settle 0.25s ease-out; }
  @keyframes breathe { 50% { opacity: 0.5; } }
  @keyframes settle { from { opacity: 0; transform: translateY(0.3rem); } }
}
`);
