#!/usr/bin/env bash
# Rebuilds models/inglenook-en, the model that is shipped, from the reference student's weights, and says whether the result is the committed one.
# usage: scripts/models/inglenook-en.sh STUDENT [OUT]
#   STUDENT  a directory in the layout of the reference distillation
#   OUT      where to write (default: a scratch directory)
# Takes the corpus of scripts/corpus.sh. The three rounds take two and a half hours of one or two cores, the teacher's vectors half of one more; killed, it goes on where it was.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
[ $# -ge 1 ] || fail "name the student's directory: scripts/models/inglenook-en.sh STUDENT [OUT]"
corpus=${INGLENOOK_CORPUS:-$INGLENOOK_CACHE/corpus}
texts_sha256=65e1d027d8b396ae34de5951623b0ccdc1363bcdfb8bc7144c4ebe6821171937 # of the texts that the committed model was finished on
[ -f "$corpus/train.txt" ] || fail "no $corpus/train.txt: scripts/corpus.sh makes it"
bash scripts/setup/model.sh
cargo build --release --locked --quiet --features train
work=$INGLENOOK_CACHE/finish
mkdir -p "$work"
out=${2:-$work/packed}
inglenook=$CARGO_TARGET_DIR/release/inglenook

# What the finish reads, and what the last norm is calibrated on.
"$INGLENOOK_CACHE/corpus-venv/bin/python" scripts/corpus/finish.py --corpus "$corpus" --tokenizer "$INGLENOOK_CACHE/models/all-MiniLM-L6-v2/tokenizer.json" \
  --texts 270000 --out "$work/texts.txt"
[ "$(sha256sum <"$work/texts.txt" | cut -d' ' -f1)" = "$texts_sha256" ] || say warning "the texts differ from those that the committed model was finished on"
awk -F'\t' 'NF == 2 && ++n % 300 == 0 { print $2 }' "$corpus/train.txt" >"$work/calibrate.txt"

"$inglenook" pack --source models/all-MiniLM-L6-v2 --dtype f32 --max-tokens 128 --out "$work/teacher"
"$inglenook" import-student --source "$1" --teacher "$work/teacher" --out "$work/imported"

# Three rounds, each on texts of its own that lie two lines apiece in the list, each from the mean of the weights before and after the one before it:
# a round alone fits its texts and forgets others (docs/training.md).
first=1 before=$work/imported after= number=0
for round in 36000:1300:2e-4 150000:2050:1.2e-4 84000:1150:1e-4; do
  IFS=: read -r texts steps rate <<<"$round"
  if [ -n "$after" ]; then
    "$inglenook" pack --source "$after" --average-with "$before" --dtype f32 --max-tokens 128 --out "$work/mean-$number"
    before=$work/mean-$number
  fi
  number=$((number + 1))
  after=$work/round-$number
  sed -n "$first,$((first + 2 * texts - 1))p" "$work/texts.txt" >"$work/texts-$number.txt"
  first=$((first + 2 * texts))
  "$inglenook" distill --teacher "$work/teacher" --corpus "$work/texts-$number.txt" --out "$after" --init-from "$before" --max-tokens 128 \
    --steps "$steps" --warm-up 60 --learning-rate "$rate" --batch-tokens 4096 --checkpoint-every 200 --resume
done
# What tells how the weights are rounded.
awk -F'\t' 'NF == 2 && ++n % 60 == 0 { print $2 }' "$work/texts-1.txt" >"$work/round-for.txt"
"$inglenook" pack --source "$after" --average-with "$before" --out "$out" --dtype int8 --bits 4.5 --round-for "$work/round-for.txt" \
  --calibrate "$work/calibrate.txt" --teacher "$work/teacher" \
  --id inglenook-en --space all-MiniLM-L6-v2 --license Apache-2.0 --max-tokens 128 \
  --origin "distilled from all-MiniLM-L6-v2: three of its layers, token table of 96 columns, int8 in steps of 4.5 bits of entropy, last norm calibrated"
if diff "$out/manifest.json" models/inglenook-en/manifest.json >&2; then say rebuilt "the same files as in models/inglenook-en"
else fail "the rebuilt manifest differs from models/inglenook-en/manifest.json"; fi
