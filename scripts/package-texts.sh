#!/usr/bin/env bash
# Before `npm pack`: the licenses beside the package, and a check that everything is built.
source "$(dirname "$0")/env.sh"
cp "$ROOT"/LICENSE-* "$ROOT/www/"
for file in client.js worker.js service-worker.js inglenook.bundle.js inglenook.js inglenook_bg.wasm inglenook_relaxed_bg.wasm elements.js define.js client.d.ts; do
  [ -f "$ROOT/www/dist/$file" ] || fail "www/dist/$file is missing; run \`npm run build\` in www/ first"
done
