#!/usr/bin/env bash
# The parsers and the split of the corpus for distillation, on small texts: no download, no dependency.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
need_packages "the tests of the corpus" python3
python3 -W error -m unittest discover --quiet scripts/corpus
