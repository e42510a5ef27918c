export { DemoPage } from '../../../scripts/demo-page.mjs';
