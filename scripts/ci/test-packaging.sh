#!/usr/bin/env bash
# The packed npm package in empty projects of vite, webpack, esbuild and a plain page, each opened in Chromium. Needs the npm registry the first time.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
node --test --test-concurrency=1 --test-reporter=spec tests/packaging/*.test.mjs
