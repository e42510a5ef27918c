#!/usr/bin/env bash
# Sizes of what a visitor downloads, against their budgets.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
node scripts/ci/size-budget.mjs
