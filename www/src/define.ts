/** Registers `<inglenook-shelf>` and `<inglenook-privacy>`. Where the page has registered one of them already, that one stays. */
import { InglenookShelfElement } from './elements.js';

for (const [name, element] of [['inglenook-shelf', InglenookShelfElement]] as const) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}
export * from './elements.js';
