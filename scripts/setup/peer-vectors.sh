#!/usr/bin/env bash
# The benchmark's item vectors: 100,000 WordNet synsets embedded in float32, a million resampled from them, and queries with their exact
# answers. Made once (about ten minutes) and kept in the cache, 1.7 GB.
source "$(dirname "$0")/../env.sh"
model=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2 out=$INGLENOOK_CACHE/peer/glosses
embed=$ROOT/scripts/peers/gloss_vectors.py
key=$(cat "$embed" "$model/manifest.json" | sha256sum | cut -c1-32)
[ "$(cat "$out/.key" 2>/dev/null)" = "$key" ] && exit 0
need_packages "the benchmark's item texts" wordnet-base
bash "$ROOT/scripts/setup/peer-model.sh"
say setup "embedding 100,000 WordNet synsets for the benchmark (about ten minutes, once)"
rm -rf "$out"
quietly "embedding synsets" "$INGLENOOK_CACHE/peer/venv/bin/python" "$embed" \
  "$INGLENOOK_CACHE/peer/minilm/f32.onnx" "$model/tokenizer.json" /usr/share/wordnet "$out"
echo "$key" >"$out/.key"
