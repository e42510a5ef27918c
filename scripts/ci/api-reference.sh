#!/usr/bin/env bash
# docs/api.md is what the types say.
source "$(dirname "$0")/../env.sh"
bash "$ROOT/scripts/api-reference.sh" --check
