#!/usr/bin/env bash
# Rebuilds models/inglenook-en, the model that is shipped, from the reference student's weights, and says whether the result is the committed one.
# usage: scripts/models/inglenook-en.sh STUDENT [OUT]
#   STUDENT  a directory in the layout of the reference distillation
#   OUT      where to write (default: a scratch directory)
# Takes the corpus of scripts/corpus.sh. The finish takes three quarters of an hour of two cores, the teacher's vectors a quarter of one; killed, it goes on where it was.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
[ $# -ge 1 ] || fail "name the student's directory: scripts/models/inglenook-en.sh STUDENT [OUT]"
corpus=${INGLENOOK_CORPUS:-$INGLENOOK_CACHE/corpus}
texts_sha256=2764abceb534891b3efd6dd70064dd4f1b2398a7ca45c1b0414882a4dc967020 # of the texts that the committed model was finished on
[ -f "$corpus/train.txt" ] || fail "no $corpus/train.txt: scripts/corpus.sh makes it"
bash scripts/setup/model.sh
cargo build --release --locked --quiet --features train
work=$INGLENOOK_CACHE/finish
mkdir -p "$work"
out=${2:-$work/packed}
inglenook=$CARGO_TARGET_DIR/release/inglenook

# What the finish reads, what tells how the weights are rounded, and what the last norm is calibrated on.
"$INGLENOOK_CACHE/corpus-venv/bin/python" scripts/corpus/finish.py --corpus "$corpus" --tokenizer "$INGLENOOK_CACHE/models/all-MiniLM-L6-v2/tokenizer.json" \
  --texts 36000 --out "$work/texts.txt"
[ "$(sha256sum <"$work/texts.txt" | cut -d' ' -f1)" = "$texts_sha256" ] || say warning "the texts differ from those that the committed model was finished on"
awk -F'\t' 'NF == 2 && ++n % 60 == 0 { print $2 }' "$work/texts.txt" >"$work/round-for.txt"
awk -F'\t' 'NF == 2 && ++n % 300 == 0 { print $2 }' "$corpus/train.txt" >"$work/calibrate.txt"

"$inglenook" pack --source models/all-MiniLM-L6-v2 --dtype f32 --max-tokens 128 --out "$work/teacher"
"$inglenook" import-student --source "$1" --teacher "$work/teacher" --out "$work/imported"
"$inglenook" distill --teacher "$work/teacher" --corpus "$work/texts.txt" --out "$work/student" --init-from "$work/imported" --max-tokens 128 \
  --steps 1300 --warm-up 60 --learning-rate 2e-4 --batch-tokens 4096 --checkpoint-every 200 --resume
# The mean of both: the finish alone fits its texts and forgets others (docs/training.md).
"$inglenook" pack --source "$work/student" --average-with "$work/imported" --out "$out" --dtype int8 --bits 4.5 --round-for "$work/round-for.txt" \
  --calibrate "$work/calibrate.txt" --teacher "$work/teacher" \
  --id inglenook-en --space all-MiniLM-L6-v2 --license Apache-2.0 --max-tokens 128 \
  --origin "distilled from all-MiniLM-L6-v2: three of its layers, token table of 96 columns, int8 in steps of 4.5 bits of entropy, last norm calibrated"
if diff "$out/manifest.json" models/inglenook-en/manifest.json >&2; then say rebuilt "the same files as in models/inglenook-en"
else fail "the rebuilt manifest differs from models/inglenook-en/manifest.json"; fi
