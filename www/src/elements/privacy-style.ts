import { styleSheet } from './style.js';

export const privacyStyle = styleSheet(`
section { display: grid; gap: 0.9rem; min-width: 0; }
.section-title, summary { margin-block-end: 0.3rem; font-size: 1.05em; font-weight: 600; }
section > .heading { margin-block-end: 0; }
.requests { display: flex; align-items: baseline; gap: 0.6rem; }
.count { font-size: 1.5em; font-weight: 700; font-variant-numeric: tabular-nums; }
.count.some { color: var(--_accent); }
.list { display: grid; gap: 0.3rem; }
.list li { display: flex; align-items: center; justify-content: space-between; gap: 0.8rem; min-width: 0; }
.list li > span { min-width: 0; overflow-wrap: anywhere; }
.urls li { font-size: 0.82em; overflow-wrap: anywhere; }
.why-list { display: grid; gap: 0.4rem; padding-block-start: 0.5rem; }
.file { cursor: pointer; }
.file:focus-within { outline: 3px solid var(--_accent); outline-offset: 2px; }
`);
