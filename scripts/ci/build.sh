#!/usr/bin/env bash
# The site as it is served.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
bash scripts/build-wasm.sh
bash scripts/build-www.sh
