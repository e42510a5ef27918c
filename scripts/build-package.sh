#!/usr/bin/env bash
# The npm package, from source: the wasm module and the client, into www/dist. `npm run build` in www/ does this.
source "$(dirname "$0")/env.sh"
bash "$ROOT/scripts/setup/npm.sh"
bash "$ROOT/scripts/build-wasm.sh"
bash "$ROOT/scripts/build-client.sh"
