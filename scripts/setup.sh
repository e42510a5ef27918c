#!/usr/bin/env bash
# Installs whatever is missing on this machine; quiet when there is nothing to do.
here=$(cd "$(dirname "$0")" && pwd)
set -euo pipefail
for step in compiler wasm-target wasm-bindgen npm browser model recipes interactions; do
  bash "$here/setup/$step.sh"
done
