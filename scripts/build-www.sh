#!/usr/bin/env bash
# The npm package's code and the demo, assembled in target/site. build-wasm.sh puts the wasm module into www/dist; the site's model and catalogs are
# left as they are.
source "$(dirname "$0")/env.sh"
"$ROOT/scripts/setup/npm.sh"
cd "$ROOT/www"
tools=node_modules/.bin
site=$ROOT/target/site

digest() { # digest FILE: as `integrity` takes it
  node -e 'process.stdout.write("sha256-" + crypto.createHash("sha256").update(fs.readFileSync(process.argv[1])).digest("base64"))' "$1"
}

bash "$ROOT/scripts/build-client.sh"
say build "demo"
bundle=(--bundle --format=esm --target=es2022 --charset=utf8 --log-level=warning)
mkdir -p "$site/lib" "$site/films" "$site/recipes" "$site/own"
films=$(node "$ROOT/scripts/film-list.mjs" demo/films/items.jsonl "$site/films/films.json")
find demo/films demo/recipes -maxdepth 1 -type f ! -name items.jsonl ! -name '*.ts' -printf '%h/%f\n' |
  while read -r file; do cp "$file" "$site/${file#demo/}"; done
recipes=$INGLENOOK_CACHE/recipes/recipes.jsonl
[ -f "$recipes" ] || fail "$recipes is missing; run scripts/setup/recipes.sh first"
cp "$recipes" "$site/recipes/"
# The pages use the package as any host page would: as files beside them, not bundled in.
quietly "bundling the demo" $tools/esbuild "${bundle[@]}" demo/demo.ts demo/recipes/recipes.ts demo/own/own.ts \
  --define:FILM_LIST_INTEGRITY="\"$films\"" --define:RECIPES_INTEGRITY="\"$(digest "$recipes")\"" \
  --alias:inglenook=./lib/client.js --alias:inglenook/define=./lib/define.js --external:./lib/*.js \
  --entry-names=[name] --outdir="$site"
cp demo/*.html demo/style.css "$site/"
cp demo/own/*.csv "$site/own/"
cp dist/{client,worker,elements,define}.js "$site/lib/"
# From the root: a service worker serves what lies beside it and below.
cp dist/service-worker.js "$site/"
for file in inglenook.js inglenook_bg.wasm inglenook_relaxed_bg.wasm; do
  [ -f "dist/$file" ] || fail "www/dist/$file is missing; run scripts/build-wasm.sh first"
  cp "dist/$file" "$site/lib/"
done
