#!/usr/bin/env bash
# Clippy, natively and for wasm32, warnings denied.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
cargo clippy --release --locked --quiet --all-targets --features oracle,train -- -D warnings
wasm_cargo clippy --locked --quiet --lib --release --target wasm32-unknown-unknown -- -D warnings
INGLENOOK_WASM_RUSTFLAGS='-C target-feature=+relaxed-simd' wasm_cargo clippy --locked --quiet --lib --release \
  --target wasm32-unknown-unknown --target-dir "$CARGO_TARGET_DIR/relaxed-simd" -- -D warnings
