#!/usr/bin/env bash
# wasm-bindgen-cli of exactly the version that Cargo.lock names (the two must match), kept in the cache outside target/.
source "$(dirname "$0")/../env.sh"
version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p}' "$ROOT/Cargo.lock")
[ -n "$version" ] || fail "Cargo.lock names no wasm-bindgen; is it committed?"
[ "$("$INGLENOOK_CACHE/bin/wasm-bindgen" --version 2>/dev/null)" = "wasm-bindgen $version" ] && exit 0
say setup "building wasm-bindgen-cli $version (3-4 minutes, once)"
install() { # install [--locked]
  CARGO_TARGET_DIR="$INGLENOOK_CACHE/tools-target" cargo install "$@" --quiet wasm-bindgen-cli --version "$version" --root "$INGLENOOK_CACHE"
}
# Its lock file can name a dependency that a mirror of crates.io does not have; the newest ones that fit will do then.
install --locked 2>/dev/null || quietly "installing wasm-bindgen-cli (needs crates.io)" install
rm -rf "$INGLENOOK_CACHE/tools-target"
