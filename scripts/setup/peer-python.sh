#!/usr/bin/env bash
# A Python environment in the cache for scripts/peers, at the versions of its requirements.txt.
source "$(dirname "$0")/../env.sh"
requirements=$ROOT/scripts/peers/requirements.txt venv=$INGLENOOK_CACHE/peer/venv
cmp -s "$requirements" "$venv/requirements.txt" && exit 0
command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || need_packages "the benchmark's peers" python3 python3-venv
say setup "installing onnx and onnxruntime for the benchmark's peers"
rm -rf "$venv"
quietly "python3 -m venv" python3 -m venv "$venv"
quietly "pip install (needs PyPI)" "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
cp "$requirements" "$venv/requirements.txt"
