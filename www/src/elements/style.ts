// Constructed style sheets, which a strict content security policy allows. Colors follow the page: text is the page's own, the rest mixes with
// it; `light-dark()` follows the page's color-scheme. All directions are logical, for scripts that run from right to left.

export function styleSheet(css: string): () => CSSStyleSheet {
  let sheet: CSSStyleSheet | undefined;
  return () => {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
    }
    return sheet;
  };
}

/** What the shelf and the privacy panel have in common. */
export const baseStyle = styleSheet(`
:host {
  display: block;
  --_accent: var(--inglenook-accent, #a8431a);
  --_on-accent: var(--inglenook-on-accent, #fff);
  --_line: var(--inglenook-line, color-mix(in srgb, currentColor 22%, transparent));
  --_soft: var(--inglenook-soft, color-mix(in srgb, currentColor 76%, transparent));
  --_surface: var(--inglenook-surface, transparent);
  --_radius: var(--inglenook-radius, 0.7rem);
}
@supports (color: light-dark(red, red)) {
  :host {
    --_accent: var(--inglenook-accent, light-dark(#a8431a, #f29a57));
    --_on-accent: var(--inglenook-on-accent, light-dark(#fff, #24130a));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, *::before, *::after { box-sizing: border-box; }
h2, h3, h4, p, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
button, a, summary, input { font: inherit; color: inherit; }
button, summary { cursor: pointer; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.heading { margin-block-end: 0.7em; font-size: 1.3em; font-weight: 650; line-height: 1.2; }
.button {
  min-height: 1.9rem;
  padding: 0.25rem 0.65rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  font-size: 0.84em;
}
.button:hover { border-color: var(--_accent); }
.button[aria-pressed='true'], .button.primary {
  border-color: var(--_accent); background: var(--_accent); color: var(--_on-accent);
}
.soft { color: var(--_soft); font-size: 0.85em; }
.notice, .error {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.9rem;
}
.error { padding: 0.8rem 1rem; border: 1px dashed var(--_line); border-radius: var(--_radius); }
.error code { font-size: 0.82em; overflow-wrap: anywhere; }
dialog {
  width: min(34rem, calc(100vw - 2rem));
  padding: 1.4rem;
  border: 1px solid var(--_line);
  border-radius: calc(var(--_radius) * 1.5);
}
dialog h2 { margin-block-end: 0.8rem; font-size: 1.3em; }
dialog h3 { margin-block: 1.1rem 0.4rem; font-size: 1.05em; }
table { width: 100%; border-collapse: collapse; font-size: 0.92em; }
th, td { padding-block: 0.3rem; text-align: start; }
th { padding-inline-end: 0.7rem; font-weight: 600; }
small { display: block; font-weight: 400; font-size: 0.85em; color: color-mix(in srgb, currentColor 76%, transparent); }
tfoot th, tfoot td { border-block-start: 1px solid var(--_line); font-weight: 700; }
.value { padding-inline-start: 0.7rem; font-variant-numeric: tabular-nums; text-align: end; white-space: nowrap; }
.bar {
  display: block; height: 0.5rem; border-radius: 0.25rem; overflow: hidden;
  background: color-mix(in srgb, var(--_accent) 18%, transparent);
}
.bar::before {
  content: ''; display: block; height: 100%; width: calc(var(--share) * 100%); background: var(--_accent);
}
.bar.hurts::before { background: color-mix(in srgb, currentColor 50%, transparent); }
.bar-cell { width: 34%; }
.reasons { display: grid; gap: 0.45rem; font-size: 0.92em; }
.reasons li { display: grid; grid-template-columns: minmax(0, 1fr) 34% 4rem; align-items: center; }
.actions { display: flex; flex-wrap: wrap; gap: 0.4rem; }
dialog .actions { margin-block-start: 1.1rem; justify-content: end; }
`);
