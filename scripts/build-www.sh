#!/usr/bin/env bash
# The npm package's client and the demo page, assembled in target/site. build-wasm.sh puts the wasm module into www/dist; the site's model/ and catalog/ are left as they are.
source "$(dirname "$0")/env.sh"
"$ROOT/scripts/setup/npm.sh"
cd "$ROOT/www"
tools=node_modules/.bin
site=$ROOT/target/site

bash "$ROOT/scripts/build-client.sh"
say build "demo page"
bundle=(--bundle --format=esm --target=es2022 --charset=utf8 --log-level=warning)
mkdir -p "$site/lib" "$site/films"
integrity=$(node "$ROOT/scripts/film-list.mjs" demo/films/items.jsonl "$site/films/films.json")
find demo/films -maxdepth 1 -type f ! -name items.jsonl -exec cp -t "$site/films" {} +
# The page uses the package as any host page would: as files beside it, not bundled in.
quietly "bundling the demo" $tools/esbuild "${bundle[@]}" demo/demo.ts --define:FILM_LIST_INTEGRITY="\"$integrity\"" \
  --alias:inglenook=./lib/client.js --external:./lib/client.js --outfile="$site/demo.js"
cp demo/index.html demo/style.css "$site/"
cp dist/client.js dist/worker.js "$site/lib/"
# From the root: a service worker serves what lies beside it and below.
cp dist/service-worker.js "$site/"
for file in inglenook.js inglenook_bg.wasm; do
  [ -f "dist/$file" ] || fail "www/dist/$file is missing; run scripts/build-wasm.sh first"
  cp "dist/$file" "$site/lib/"
done
