/** Registers `<inglenook-shelf>` and `<inglenook-privacy>`. Where the page has registered one of them already, that one stays. */
import { InglenookPrivacyElement, InglenookShelfElement } from './elements.js';

const ELEMENTS = { 'inglenook-shelf': InglenookShelfElement, 'inglenook-privacy': InglenookPrivacyElement };

for (const [name, element] of Object.entries(ELEMENTS)) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}
export * from './elements.js';
