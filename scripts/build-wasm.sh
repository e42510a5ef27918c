#!/usr/bin/env bash
# Builds the browser module into www/dist, with relaxed SIMD and without: cargo, wasm-bindgen, wasm-opt. wasm-opt takes minutes, so its output is
# cached by its input. INGLENOOK_FAST=1 skips wasm-opt, for work on the code.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
target=wasm32-unknown-unknown

# The features that browsers have; without the list wasm-opt refuses the file, with all of them Chromium does.
features=(--enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext --enable-mutable-globals
  --enable-reference-types --enable-multivalue)
# What is called from one place stays a function: V8 gives registers to the sums of a small one, and spills them in a large one.
optimize=(-O3 --one-caller-inline-max-function-size=1)

# LLVM's loop strength reduction hides that an address does not wrap, so that no load keeps its offset, and orders the byte tile's loads so that they spill:
# without it the relaxed module is a tenth faster. The plain one is a tenth slower.
relaxed_flags=(-C llvm-args=-disable-lsr)

module() { # module TARGET_DIR FEATURE...: builds one module, with more features than all have, and sets `built` to where it lies
  local wasm=$1/$target/release/inglenook.wasm feature all=("${features[@]}") flags=() key; shift
  [ $# -eq 0 ] || flags+=("${relaxed_flags[@]}")
  for feature in "$@"; do all+=("--enable-$feature"); flags+=(-C "target-feature=+$feature"); done
  [ -f "$wasm" ] || say build "the wasm module${1:+ with $1} (a few minutes on 2 cores)"
  wasm_cargo rustc --locked --quiet --lib --crate-type cdylib --release --target $target --target-dir "${wasm%"/$target"/*}" -- "${flags[@]}"
  key=$( (cat "$wasm"; wasm-bindgen --version; echo "${optimize[@]}" "${all[@]}" "${INGLENOOK_FAST:-}") | sha256sum | cut -c1-16)
  built=$INGLENOOK_CACHE/wasm/$key
  [ -f "$built/inglenook_bg.wasm" ] && return
  rm -rf "$built.partial"; mkdir -p "$built.partial"
  quietly "wasm-bindgen" wasm-bindgen --target web --out-dir "$built.partial" --out-name inglenook "$wasm"
  if [ -z "${INGLENOOK_FAST:-}" ]; then
    say build "optimizing the wasm module${1:+ with $1} (a few minutes, cached)"
    quietly "wasm-opt" "$ROOT/www/node_modules/.bin/wasm-opt" "${optimize[@]}" "${all[@]}" \
      "$built.partial/inglenook_bg.wasm" -o "$built.partial/optimized.wasm"
    mv "$built.partial/optimized.wasm" "$built.partial/inglenook_bg.wasm"
  fi
  mv "$built.partial" "$built"
  # Keep the newest few; each is 20 MB.
  ls -1dt "$INGLENOOK_CACHE"/wasm/* | tail -n +9 | xargs -r rm -rf
}

mkdir -p www/dist
module "$CARGO_TARGET_DIR"
cp "$built"/inglenook.js "$built"/inglenook_bg.wasm "$built"/inglenook.d.ts www/dist/
module "$CARGO_TARGET_DIR/relaxed-simd" relaxed-simd
cp "$built"/inglenook_bg.wasm www/dist/inglenook_relaxed_bg.wasm
# One file of JavaScript serves both. Its comments number functions, differently in each.
code() { grep -v '^ *// Cast intrinsic for' "$1"; }
cmp -s <(code "$built/inglenook.js") <(code www/dist/inglenook.js) ||
  fail "the wasm modules with and without relaxed SIMD ask for different JavaScript; see what the compiler flag changes in src/wasm"
