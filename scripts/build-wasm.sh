#!/usr/bin/env bash
# Builds the browser module into www/dist: cargo, wasm-bindgen, wasm-opt. wasm-opt takes minutes, so its output is cached by its input.
# INGLENOOK_FAST=1 skips wasm-opt, for work on the code.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
target=wasm32-unknown-unknown
wasm=$CARGO_TARGET_DIR/$target/release/inglenook.wasm
[ -f "$wasm" ] || say build "the wasm module (a few minutes on 2 cores)"
wasm_cargo rustc --locked --quiet --lib --crate-type cdylib --release --target $target

# The features that browsers have; without the list wasm-opt refuses the file, with all of them Chromium does.
features=(--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals
  --enable-reference-types --enable-multivalue)
optimize=(-O3)
key=$( (cat "$wasm"; wasm-bindgen --version; echo "${optimize[@]}" "${features[@]}" "${INGLENOOK_FAST:-}") | sha256sum | cut -c1-16)
built=$INGLENOOK_CACHE/wasm/$key
if [ ! -f "$built/inglenook_bg.wasm" ]; then
  rm -rf "$built.partial"; mkdir -p "$built.partial"
  quietly "wasm-bindgen" wasm-bindgen --target web --out-dir "$built.partial" --out-name inglenook "$wasm"
  if [ -z "${INGLENOOK_FAST:-}" ]; then
    say build "optimizing the wasm module (a few minutes, cached)"
    quietly "wasm-opt" "$ROOT/www/node_modules/.bin/wasm-opt" "${optimize[@]}" "${features[@]}" \
      "$built.partial/inglenook_bg.wasm" -o "$built.partial/optimized.wasm"
    mv "$built.partial/optimized.wasm" "$built.partial/inglenook_bg.wasm"
  fi
  mv "$built.partial" "$built"
  # Keep the newest few; each is 20 MB.
  ls -1dt "$INGLENOOK_CACHE"/wasm/* | tail -n +6 | xargs -r rm -rf
fi
mkdir -p www/dist
cp "$built"/inglenook.js "$built"/inglenook_bg.wasm "$built"/inglenook.d.ts www/dist/
