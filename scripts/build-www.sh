#!/usr/bin/env bash
# The npm package and the demo page: checks the types, bundles www/src into www/dist with its declarations, and assembles
# target/site. build-wasm.sh puts the wasm module into www/dist; the site's model/ and catalog/ are left as they are.
source "$(dirname "$0")/env.sh"
"$ROOT/scripts/setup/npm.sh"
cd "$ROOT/www"
tools=node_modules/.bin
site=$ROOT/target/site

say build "browser client and demo page"
quietly "checking types" $tools/tsc -p tsconfig.json
quietly "writing declarations" $tools/tsc -p tsconfig.declarations.json
bundle=(--bundle --format=esm --target=es2022 --charset=utf8 --log-level=warning)
# The wasm module's JavaScript stays a file of its own: it finds inglenook_bg.wasm beside itself.
quietly "bundling the client" $tools/esbuild "${bundle[@]}" --minify src/client.ts src/worker.ts src/service-worker.ts \
  --external:./inglenook.js --outdir=dist

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
