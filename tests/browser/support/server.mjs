import { fileURLToPath } from 'node:url';

export { CONTENT_SECURITY_POLICY, serve } from '../../../scripts/serve.mjs';

/** The assembled demo site; `make demo` and `make test` build it. */
export const SITE = fileURLToPath(new URL('../../../target/site', import.meta.url));
