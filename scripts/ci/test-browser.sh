#!/usr/bin/env bash
# The real module, the real page, in headless Chromium: parity (CPU and WebGPU on SwiftShader), end to end, errors, privacy.
source "$(dirname "$0")/../env.sh"
cd "$ROOT"
# One at a time: two browsers on two cores starve each other.
node --test --test-concurrency=1 --test-reporter=spec tests/browser/*.test.mjs
