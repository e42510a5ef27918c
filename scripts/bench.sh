#!/usr/bin/env bash
# The browser benchmark: synthetic catalogs for ranking, the peer's model, then one run of everything.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
bash scripts/setup/peer-model.sh
for size in 10k:10000 100k:100000 1m:1000000; do
  dir=target/bench/synthetic/${size%%:*}
  [ -f "$dir/manifest.json" ] || cargo run --release --locked --quiet --example synthetic_catalog -- "${size#*:}" "$dir"
done
node scripts/bench.mjs "$@"
