#!/usr/bin/env bash
# Rebuilds models/inglenook-en, the model that is shipped, from the reference student's weights, and says whether the result is the committed one.
# usage: scripts/models/inglenook-en.sh STUDENT [OUT]
#   STUDENT  a directory in the layout of the reference distillation, quantization-aware masters included
#   OUT      where to write (default: a scratch directory)
# Takes the corpus of scripts/corpus.sh: every hundredth text of it calibrates the last norm.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
[ $# -ge 1 ] || fail "name the student's directory: scripts/models/inglenook-en.sh STUDENT [OUT]"
corpus=${INGLENOOK_CORPUS:-$INGLENOOK_CACHE/corpus}/train.txt
texts_sha256=221052220c92791556349f162ef773d0559f6ef25a7dfd85bf2f47185e0653bc # of the texts that the committed model was calibrated on
[ -f "$corpus" ] || fail "no $corpus: scripts/corpus.sh makes it"
bash scripts/setup/model.sh
cargo build --release --locked --quiet --features train
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
out=${2:-$scratch/packed}
inglenook=$CARGO_TARGET_DIR/release/inglenook

awk -F'\t' 'NF == 2 && ++n % 100 == 0 { print $2 }' "$corpus" >"$scratch/texts"
[ "$(sha256sum <"$scratch/texts" | cut -d' ' -f1)" = "$texts_sha256" ] || say warning "the corpus differs from the one that the committed model was calibrated on"
"$inglenook" pack --source models/all-MiniLM-L6-v2 --dtype f32 --max-tokens 128 --out "$scratch/teacher"
"$inglenook" import-student --source "$1" --teacher "$scratch/teacher" --out "$scratch/student" --int4-masters
"$inglenook" pack --source "$scratch/student" --out "$out" --dtype int4 --trained-int4 --calibrate "$scratch/texts" --teacher "$scratch/teacher" \
  --id inglenook-en --space all-MiniLM-L6-v2 --license Apache-2.0 --max-tokens 128 \
  --origin "distilled from all-MiniLM-L6-v2: three of its layers, token table of 96 columns, int4 in the loop, last norm calibrated"
if diff "$out/manifest.json" models/inglenook-en/manifest.json >&2; then say rebuilt "the same files as in models/inglenook-en"
else fail "the rebuilt manifest differs from models/inglenook-en/manifest.json"; fi
