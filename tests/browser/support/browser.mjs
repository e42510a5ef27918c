export { launch } from '../../../scripts/browser.mjs';
