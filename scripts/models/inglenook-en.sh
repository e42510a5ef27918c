#!/usr/bin/env bash
# Rebuilds models/inglenook-en, the model that is shipped, from the reference student's weights, and says whether the result is the committed one.
# usage: scripts/models/inglenook-en.sh STUDENT [OUT]
#   STUDENT  a directory in the layout of the reference distillation, quantization-aware masters included
#   OUT      where to write (default: a scratch directory)
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
[ $# -ge 1 ] || fail "name the student's directory: scripts/models/inglenook-en.sh STUDENT [OUT]"
bash scripts/setup/model.sh
cargo build --release --locked --quiet --features train
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
out=${2:-$scratch/packed}
inglenook="$CARGO_TARGET_DIR/release/inglenook"
"$inglenook" pack --source models/all-MiniLM-L6-v2 --dtype f32 --max-tokens 128 --out "$scratch/teacher"
"$inglenook" import-student --source "$1" --teacher "$scratch/teacher" --out "$scratch/f32" --int4-masters
"$inglenook" pack --source "$scratch/f32" --out "$out" --dtype int4 --trained-int4 --id inglenook-en --space all-MiniLM-L6-v2 \
  --license Apache-2.0 --max-tokens 128 --origin "distilled from all-MiniLM-L6-v2: three of its layers, token table of 96 columns, int4 in the loop"
if diff "$out/manifest.json" models/inglenook-en/manifest.json >&2; then say rebuilt "the same files as in models/inglenook-en"
else fail "the rebuilt manifest differs from models/inglenook-en/manifest.json"; fi
