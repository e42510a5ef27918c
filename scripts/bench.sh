#!/usr/bin/env bash
# The browser benchmark: the peers and the data, fetched and made once, then one run of everything. Arguments go to scripts/bench.mjs.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
for part in libraries model vectors; do bash "scripts/setup/peer-$part.sh"; done

index_rows=20000 peers_only=
for ((i = 1; i <= $#; i++)); do
  case ${!i} in
    --index-rows) next=$((i + 1)); index_rows=${!next} ;;
    --index-rows=*) index_rows=${!i#*=} ;;
    --peers-only) peers_only=1 ;;
  esac
done
vectors=$INGLENOOK_CACHE/peer/glosses
catalog() { # catalog NAME VECTORS ROWS: a catalog in our format of the first ROWS vectors, unless it is there
  local dir=target/bench/catalogs/$1 key
  key="$3 of $2, $(cat "$vectors/.key" src/artifact/*.rs src/quantization/*.rs | sha256sum | cut -c1-32)"
  [ "$(cat "$dir.key" 2>/dev/null)" = "$key" ] && return
  rm -rf "$dir" "$dir.key"; mkdir -p target/bench/catalogs
  cargo run --release --locked --quiet --example vector_catalog -- "$vectors/$2.f32" "$3" "$dir"
  echo "$key" >"$dir.key"
}
if [ -z "$peers_only" ]; then
  catalog 100k 100k 100000
  catalog 1m 1m 1000000
  catalog index 100k "$index_rows"
fi
node scripts/bench.mjs "$@"
