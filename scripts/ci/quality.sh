#!/usr/bin/env bash
# The lists are as good as they were: leave-last-out on MovieLens small, with the demo's film texts, beside the committed rank of every user's film.
# usage: scripts/ci/quality.sh [--write]   --write commits what is found as the new measure (tests/fixtures/quality.json)
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
mkdir -p target/quality
"$CARGO_TARGET_DIR/release/inglenook" evaluate --items www/demo/films/items.jsonl --interactions "$INGLENOOK_CACHE/movielens/interactions.csv" \
  --model "$INGLENOOK_CACHE/models/all-MiniLM-L6-v2" --protocol leave-last-out --no-baselines --no-tune --json --cases target/quality/cases.jsonl >target/quality/evaluation.json
node scripts/ci/quality.mjs "$@"
