#!/usr/bin/env bash
# Builds the command line tool: $CARGO_TARGET_DIR/release/inglenook.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
[ -x "$CARGO_TARGET_DIR/release/inglenook" ] || say build "the native tool (a few minutes on 2 cores)"
cargo build --release --locked --quiet --bin inglenook
