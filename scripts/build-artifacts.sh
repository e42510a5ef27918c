#!/usr/bin/env bash
# Packs the model as int8 and builds the film catalog, both kept in the cache under a key of everything that goes into them.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
inglenook=$CARGO_TARGET_DIR/release/inglenook
f32=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2
int8=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2-int8
films=$INGLENOOK_CACHE/catalogs/films

cached() { # cached DIR KEY COMMAND...: runs the command, which fills DIR, unless DIR was filled under the same key
  local dir=$1 key=$2; shift 2
  [ "$(cat "$dir.key" 2>/dev/null)" = "$key" ] && [ -f "$dir/manifest.json" ] && return
  rm -f "$dir.key"
  "$@"
  echo "$key" >"$dir.key"
}
key() { cat "$@" | sha256sum | cut -c1-32; }
code=(src/artifact/*.rs src/encoder/*.rs src/kernels/*.rs src/catalog/*.rs src/tokenizer/*.rs src/embedding.rs src/quantization.rs Cargo.lock)

cached "$int8" "$(key "$f32/manifest.json" "${code[@]}")" "$inglenook" pack --source "$f32" --out "$int8"
cached "$films" "$(key "$f32/manifest.json" www/demo/films/items.jsonl "${code[@]}")" \
  "$inglenook" build --items www/demo/films/items.jsonl --model "$f32" --out "$films"

mkdir -p target/site
for artifact in "model:$int8" "catalog:$films"; do
  rm -rf "target/site/${artifact%%:*}"
  cp -r "${artifact#*:}" "target/site/${artifact%%:*}"
done
