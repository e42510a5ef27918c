#!/usr/bin/env bash
# Libraries that the benchmark measures beside ours, from the npm registry, each at one version and checked by its hash, kept in the cache.
# They are not dependencies of www/: transformers.js would bring along onnxruntime-node and sharp, 300 MB that no page uses.
source "$(dirname "$0")/../env.sh"
command -v npm >/dev/null || fail "npm is needed (https://nodejs.org)"
library() { # library FOLDER PACKAGE@VERSION SHA256
  local to=$INGLENOOK_CACHE/peer/$1 package=$2 expected=$3 work found
  [ "$(cat "$to/.package" 2>/dev/null)" = "$package" ] && return
  say setup "downloading the benchmark's peer $package"
  work=$(mktemp -d)
  (cd "$work" && quietly "npm pack $package (needs the npm registry)" npm pack --silent "$package")
  found=$(sha256sum "$work"/*.tgz | cut -d' ' -f1)
  [ "$found" = "$expected" ] || fail "$package: the archive has SHA-256 $found, expected $expected (scripts/setup/peer-libraries.sh)"
  rm -rf "$to"; mkdir -p "$to"
  tar -xzf "$work"/*.tgz -C "$to" --strip-components=1
  echo "$package" >"$to/.package"
  rm -rf "$work"
}
library transformers @huggingface/transformers@4.3.0 95eb8e17d84b162cc4e4c859937bbae0c4dc58bd085147cd4219cb8de47881aa
# The runtime that this version of transformers.js names as its dependency.
library transformers-onnxruntime onnxruntime-web@1.31.0-dev.20260914-8d85527a0 0de27582f3e3189dec4a2082513a0af1ea79ae7fd3039bbfe634a526e173cbe0
library hnswlib-wasm hnswlib-wasm@0.8.2 392ad02284fe1c92197926ae04c848f4c5b49142821b3ea9ffd4a4ad71be38eb
library edgevec edgevec@0.9.0 9d0f4707f0a4d2f8fc5bd61e6be523f3038682c77c9b0fb8cde33ed217ea72cd
