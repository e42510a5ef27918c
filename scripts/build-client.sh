#!/usr/bin/env bash
# Checks the types of www/src and bundles it into www/dist, with its declarations.
source "$(dirname "$0")/env.sh"
"$ROOT/scripts/setup/npm.sh"
cd "$ROOT/www"
tools=node_modules/.bin

say build "browser client"
quietly "checking types" $tools/tsc -p tsconfig.json
rm -f dist/*.d.ts
quietly "writing declarations" $tools/tsc -p tsconfig.declarations.json
# What the public types do not lead to is nobody's business.
public='client|types|errors|elements|define|elements/(element|events|privacy|shared-recommender|shelf|shelf-attributes|words)'
find dist -regextype posix-extended -name '*.d.ts' ! -regex "dist/($public)\.d\.ts" -delete
release=$(cat src/*.ts $(ls dist/inglenook_bg.wasm dist/inglenook_relaxed_bg.wasm) | sha256sum | cut -c1-8)
bundle=(--bundle --format=esm --target=es2022 --charset=utf8 --log-level=warning --minify --define:WORKER_NAME="'inglenook $release'")
# The wasm module's JavaScript stays a file of its own: the worker hands it the module.
quietly "bundling the client" $tools/esbuild "${bundle[@]}" client=src/client.ts worker=src/worker.ts \
  service-worker=src/service-worker.ts inglenook.bundle=src/bundle.ts --external:./inglenook.js --outdir=dist
# The elements use the client as any page would, so that the page's own recommender and theirs are of one kind.
quietly "bundling the elements" $tools/esbuild "${bundle[@]}" src/elements.ts src/define.ts \
  --alias:inglenook=./client.js --external:./client.js --external:./elements.js --outdir=dist
cp node_modules/idb/LICENSE dist/LICENSE-idb.txt
