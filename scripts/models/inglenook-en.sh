#!/usr/bin/env bash
# Rebuilds models/inglenook-en, the model that is shipped, from the reference student's weights, and says whether the result is the committed one.
# usage: scripts/models/inglenook-en.sh STUDENT [OUT]
#   STUDENT  a directory in the layout of the reference distillation
#   OUT      where to write (default: a scratch directory)
# Takes the corpus of scripts/corpus.sh and the held-out texts that it was made without. The first three rounds take two and a half hours of one or two cores, the
# two on named films 65 minutes of two, the teacher's vectors half an hour before and half an hour between; killed, it goes on where it was.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
[ $# -ge 1 ] || fail "name the student's directory: scripts/models/inglenook-en.sh STUDENT [OUT]"
corpus=${INGLENOOK_CORPUS:-$INGLENOOK_CACHE/corpus}
heldout=$ROOT/../shared/data/distillation-heldout/eval.json
[ -f "$corpus/train.txt" ] || fail "no $corpus/train.txt: scripts/corpus.sh makes it"
bash scripts/setup/model.sh
cargo build --release --locked --quiet --features train
work=$INGLENOOK_CACHE/finish
mkdir -p "$work"
out=${2:-$work/packed}
inglenook=$CARGO_TARGET_DIR/release/inglenook

texts() { # OUT SHA256 OPTION...: what the finish reads, held against what the committed model was finished on
  local out=$1 sha256=$2
  shift 2
  "$INGLENOOK_CACHE/corpus-venv/bin/python" scripts/corpus/finish.py --corpus "$corpus" --tokenizer "$INGLENOOK_CACHE/models/all-MiniLM-L6-v2/tokenizer.json" --out "$out" "$@"
  [ "$(sha256sum <"$out" | cut -d' ' -f1)" = "$sha256" ] || say warning "$out differs from the texts that the committed model was finished on"
}
slice() { # TEXTS FIRST COUNT: so many of the texts from the first on, counted from 0; each has a line and an empty one
  sed -n "$((2 * $2 + 1)),$((2 * ($2 + $3)))p" "$1"
}
train() { # FROM TEXTS STEPS WARM_UP RATE OUT
  "$inglenook" distill --teacher "$work/teacher" --corpus "$2" --out "$6" --init-from "$1" --max-tokens 128 \
    --steps "$3" --warm-up "$4" --learning-rate "$5" --batch-tokens 4096 --checkpoint-every 100 --resume
}
mean() { # A B OUT: the mean of two students' weights
  "$inglenook" pack --source "$1" --average-with "$2" --dtype f32 --max-tokens 128 --out "$3"
}

texts "$work/texts.txt" 65e1d027d8b396ae34de5951623b0ccdc1363bcdfb8bc7144c4ebe6821171937 --texts 270000
# What the last norm is calibrated on.
awk -F'\t' 'NF == 2 && ++n % 300 == 0 { print $2 }' "$corpus/train.txt" >"$work/calibrate.txt"

"$inglenook" pack --source models/all-MiniLM-L6-v2 --dtype f32 --max-tokens 128 --out "$work/teacher"
"$inglenook" import-student --source "$1" --teacher "$work/teacher" --out "$work/imported"

# Three rounds, each on texts of its own, each from the mean of the weights before and after the one before it:
# a round alone fits its texts and forgets others (docs/training.md).
first=0 mean=$work/imported number=0
for round in 36000:1300:2e-4 150000:2050:1.2e-4 84000:1150:1e-4; do
  IFS=: read -r count steps rate <<<"$round"
  number=$((number + 1))
  slice "$work/texts.txt" "$first" "$count" >"$work/texts-$number.txt"
  first=$((first + count))
  train "$mean" "$work/texts-$number.txt" "$steps" 60 "$rate" "$work/round-$number"
  mean "$work/round-$number" "$mean" "$work/mean-$number"
  mean=$work/mean-$number
done
# Two more on films by their names: each of two trainings side by side on halves of the texts, a core for each, and their mean.
named() { # SEED TEXTS SHA256 STEPS WARM_UP RATE FROM OUT
  texts "$work/named-$1.txt" "$3" --texts "$2" --films 0.6 --listed 0.8 --heldout "$heldout" --seed "$1"
  slice "$work/named-$1.txt" 0 "$(($2 / 2))" >"$work/named-$1-a.txt"
  slice "$work/named-$1.txt" "$(($2 / 2))" "$(($2 / 2))" >"$work/named-$1-b.txt"
  RAYON_NUM_THREADS=1 train "$7" "$work/named-$1-a.txt" "$4" "$5" "$6" "$8-a" &
  local first=$!
  RAYON_NUM_THREADS=1 train "$7" "$work/named-$1-b.txt" "$4" "$5" "$6" "$8-b"
  wait "$first"
  mean "$8-a" "$8-b" "$8"
}
named 2 180000 c9ca669c1d1e676812bd5b1369fd4e1e78866cfd43851fcccf101244332a91cf 1300 60 2e-4 "$mean" "$work/round-4"
named 3 76000 ff74de4bd0100c028fb0741235a56c6df7f756e7889b992c2198f0e9619f1aa7 600 40 1.5e-4 "$work/round-4" "$work/round-5"
# A little of the weights before the names: they know other texts better (docs/training.md).
mean "$work/round-4" "$mean" "$work/mean-4"
mean "$work/round-5" "$work/mean-4" "$work/mean-5"
# What tells how the weights are rounded.
awk -F'\t' 'NF == 2 && ++n % 60 == 0 { print $2 }' "$work/texts-1.txt" >"$work/round-for.txt"
"$inglenook" pack --source "$work/round-5" --average-with "$work/mean-5" --out "$out" --dtype int8 --bits 4.5 --round-for "$work/round-for.txt" \
  --calibrate "$work/calibrate.txt" --teacher "$work/teacher" \
  --id inglenook-en --space all-MiniLM-L6-v2 --license Apache-2.0 --max-tokens 128 \
  --origin "distilled from all-MiniLM-L6-v2: three of its layers, token table of 96 columns, int8 in steps of 4.5 bits of entropy, last norm calibrated"
if diff "$out/manifest.json" models/inglenook-en/manifest.json >&2; then say rebuilt "the same files as in models/inglenook-en"
else fail "the rebuilt manifest differs from models/inglenook-en/manifest.json"; fi
