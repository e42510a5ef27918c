#!/usr/bin/env bash
# The JavaScript tools (TypeScript, esbuild, binaryen's wasm-opt, playwright-core, onnxruntime-web), at the versions of www/package-lock.json.
source "$(dirname "$0")/../env.sh"
command -v node >/dev/null || fail "Node.js 20 or newer is needed (https://nodejs.org)"
major=$(node -p 'process.versions.node.split(".")[0]')
[ "$major" -ge 20 ] || fail "Node.js 20 or newer is needed, found $(node --version)"
cd "$ROOT/www"
stamp=node_modules/.inglenook-lock
cmp -s package-lock.json $stamp && exit 0
say setup "installing JavaScript tools"
quietly "npm ci (needs the npm registry)" npm ci --no-audit --no-fund
cp package-lock.json $stamp
