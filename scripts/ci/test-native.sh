#!/usr/bin/env bash
# Unit, property, golden and command line tests.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
# A software GPU; without it the tests of the GPU engine would be skipped.
need_packages "native GPU tests" mesa-vulkan-drivers libvulkan1
bash scripts/build-native.sh
bash scripts/build-artifacts.sh
cargo test --release --locked --quiet --features oracle,train
RUSTDOCFLAGS='-D warnings' cargo doc --release --locked --quiet --no-deps --lib
