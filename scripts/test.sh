#!/usr/bin/env bash
# Every check, cheapest first. Each is a script of its own in scripts/ci/ and can be run by hand.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
bash scripts/setup.sh
for check in format lint test-corpus test-native build sizes quality api-reference test-browser test-packaging; do
  started=$SECONDS
  say check "$check"
  bash "scripts/ci/$check.sh" || fail "the check '$check' failed; run it alone with: bash scripts/ci/$check.sh"
  say check "$check passed in $((SECONDS - started)) s"
done
