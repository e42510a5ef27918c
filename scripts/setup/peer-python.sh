#!/usr/bin/env bash
# A Python environment in the cache for scripts/peers, at the versions of its requirements.txt.
source "$(dirname "$0")/../env.sh"
python_environment "the benchmark's peers" "$ROOT/scripts/peers/requirements.txt" "$INGLENOOK_CACHE/peer/venv"
