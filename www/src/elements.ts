/** The elements as classes, without registering them: for a page that wants other names, or a later moment. */
export { InglenookElement, type ElementState } from './elements/element.js';
export { InglenookErrorEvent, InglenookReadyEvent, InglenookSelectEvent } from './elements/events.js';
export { InglenookPrivacyElement } from './elements/privacy.js';
export { InglenookShelfElement } from './elements/shelf.js';
export { ENGLISH, type PrivacyWords, type Words } from './elements/words.js';
