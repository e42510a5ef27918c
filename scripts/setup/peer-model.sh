#!/usr/bin/env bash
# The benchmark's peer model: our f32 all-MiniLM-L6-v2 as ONNX files in float32 and int8, made once and kept in the cache.
source "$(dirname "$0")/../env.sh"
model=$INGLENOOK_CACHE/models/all-MiniLM-L6-v2 out=$INGLENOOK_CACHE/peer/minilm
export=$ROOT/scripts/peers/minilm_onnx.py parity=$ROOT/tests/fixtures/parity/parity.json
bash "$ROOT/scripts/setup/peer-python.sh"
key=$(cat "$export" "$ROOT/scripts/peers/requirements.txt" "$model/manifest.json" | sha256sum | cut -c1-32)
[ "$(cat "$out/.key" 2>/dev/null)" = "$key" ] && exit 0
say setup "exporting the benchmark's peer model to ONNX"
rm -rf "$out"
quietly "exporting ONNX files" "$INGLENOOK_CACHE/peer/venv/bin/python" "$export" "$model" "$parity" "$out"
echo "$key" >"$out/.key"
