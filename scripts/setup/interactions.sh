#!/usr/bin/env bash
# MovieLens small's interactions, from Debian's r-cran-dslabs, as scripts/data/movielens.py reads them; kept in the cache.
# Its license: www/demo/films/LICENSE-MovieLens.txt.
source "$(dirname "$0")/../env.sh"
sum=13563e180985bc2ab5bcf322637284a29fd1a000ea99dba8d54bc1866fe3c6cd # of interactions.csv
out=$INGLENOOK_CACHE/movielens

is_there() { [ "$(sha256sum <"$out/interactions.csv" | cut -d' ' -f1)" = "$sum" ]; } 2>/dev/null
is_there && exit 0
need_packages "interactions to evaluate on" python3
[ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' 2>/dev/null | head -n1)" ] ||
  quietly "apt-get update (needs root and the Debian mirrors)" apt-get update
say setup "downloading interactions (r-cran-dslabs, 5 MB)"
quietly "reading r-cran-dslabs (needs the Debian mirrors)" python3 "$ROOT/scripts/data/movielens.py" "$out"
is_there || fail "r-cran-dslabs gives other interactions than those with SHA-256 $sum: is it 0.7.4, of Debian 12?"
