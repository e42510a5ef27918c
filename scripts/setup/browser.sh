#!/usr/bin/env bash
# Chromium for the demo's --once mode, the browser tests and the benchmark; brotli for the size budgets.
source "$(dirname "$0")/../env.sh"
need_packages "browser tests" brotli
[ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null || need_packages "browser tests" chromium
