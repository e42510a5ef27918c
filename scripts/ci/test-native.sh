#!/usr/bin/env bash
# Unit, property, golden and command line tests.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
bash scripts/build-native.sh
bash scripts/build-artifacts.sh
cargo test --release --locked --quiet --features oracle
RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --quiet --no-deps --lib
