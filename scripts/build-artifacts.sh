#!/usr/bin/env bash
# Packs the teacher as int8 and, for the tests, as int4, and builds the catalogs of films and of recipes with its vectors, all kept in the cache under a key of everything that goes into
# them. The site gets the shipped model, whose vectors lie in the teacher's space.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
inglenook=$CARGO_TARGET_DIR/release/inglenook
f32=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2
int8=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2-int8
int4=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2-int4
films=$INGLENOOK_CACHE/catalogs/films
recipes=$INGLENOOK_CACHE/catalogs/recipes

cached() { # cached DIR KEY COMMAND...: runs the command, which fills DIR, unless DIR was filled under the same key
  local dir=$1 key=$2; shift 2
  [ "$(cat "$dir.key" 2>/dev/null)" = "$key" ] && [ -f "$dir/manifest.json" ] && return
  rm -f "$dir.key"
  "$@"
  echo "$key" >"$dir.key"
}
key() { cat "$@" | sha256sum | cut -c1-32; }
code=(src/artifact/*.rs src/encoder/*.rs src/kernels/*.rs src/catalog/*.rs src/tokenizer/*.rs src/embedding.rs src/quantization/*.rs Cargo.lock)
# A catalog's opening is a list of the recommender.
ranking=(src/recommender.rs src/profile.rs src/ranking/*.rs src/retrieval/*.rs)

lists=(www/demo/films/items.jsonl "$INGLENOOK_CACHE/recipes/items.jsonl")
pack_int8() {
  local texts
  texts=$(mktemp)
  node scripts/item-texts.mjs 600 "${lists[@]}" >"$texts"
  "$inglenook" pack --source "$f32" --out "$int8" --round-for "$texts"
  rm "$texts"
}

cached "$int8" "$(key "$f32/manifest.json" scripts/build-artifacts.sh scripts/item-texts.mjs "${lists[@]}" "${code[@]}")" pack_int8
cached "$int4" "$(key "$f32/manifest.json" "${code[@]}")" "$inglenook" pack --source "$f32" --dtype int4 --out "$int4"
cached "$films" "$(key "$f32/manifest.json" www/demo/films/items.jsonl "${code[@]}" "${ranking[@]}")" \
  "$inglenook" build --items www/demo/films/items.jsonl --model "$f32" --out "$films"
cached "$recipes" "$(key "$f32/manifest.json" "$INGLENOOK_CACHE/recipes/items.jsonl" "${code[@]}" "${ranking[@]}")" \
  "$inglenook" build --items "$INGLENOOK_CACHE/recipes/items.jsonl" --model "$f32" --out "$recipes"
# The films again, with what people's ratings teach; scripts/setup/interactions.sh has the terms.
learned=$INGLENOOK_CACHE/catalogs/films-learned
cached "$learned" "$(key "$films.key" "$INGLENOOK_CACHE/movielens/interactions.csv" src/learned/*.rs src/learning/*.rs src/evaluation/*.rs src/lexical.rs)" \
  "$inglenook" train --items www/demo/films/items.jsonl --interactions "$INGLENOOK_CACHE/movielens/interactions.csv" --model "$f32" --out "$learned"

mkdir -p target/site/recipes
# Tests find all models in one place.
rm -rf "$INGLENOOK_CACHE/models/inglenook-en"
cp -r models/inglenook-en "$INGLENOOK_CACHE/models/"
for artifact in "model:models/inglenook-en" "catalog:$films" "recipes/catalog:$recipes"; do
  rm -rf "target/site/${artifact%%:*}"
  cp -r "${artifact#*:}" "target/site/${artifact%%:*}"
done
