// Where things lie, for the JavaScript scripts and tests: the same defaults as scripts/env.sh.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const { env } = process;

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const cache =
  env.INGLENOOK_CACHE ?? path.join(env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'inglenook');
export const cargoTarget = env.CARGO_TARGET_DIR ?? path.join(cache, 'target');
export const dist = path.join(root, 'www/dist');
export const models = path.join(cache, 'models');
export const catalogs = path.join(cache, 'catalogs');
