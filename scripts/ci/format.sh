#!/usr/bin/env bash
# Formatting of Rust and of everything that prettier knows; types of the TypeScript.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
cargo fmt --check
www/node_modules/.bin/prettier --log-level warn --check 'www/src/**/*.ts' 'www/{bin,verify}/*.mjs' 'www/demo/**/*.{ts,html,css}' 'tests/{browser,packaging}/**/*.mjs' www/package.json www/README.md 'benches/browser/**/*' 'scripts/**/*.mjs'
(cd www && npx tsc --noEmit)
