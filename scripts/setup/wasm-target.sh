#!/usr/bin/env bash
# Makes `wasm_cargo build --target wasm32-unknown-unknown` work: rustup's target where rustup's server can be reached, else Debian's
# matching compiler (rustc-web) with a standard library built once from Debian's source (docs/development.md tells the story).
source "$(dirname "$0")/../env.sh"
target=wasm32-unknown-unknown
state=$INGLENOOK_CACHE/wasm-toolchain.env

works() { # does the recorded toolchain compile for wasm32 at all?
  [ -f "$state" ] || return 1
  local dir; dir=$(mktemp -d); echo 'pub fn f() -> Vec<u8> { Vec::new() }' >"$dir/lib.rs"
  # shellcheck disable=SC1090
  ( source "$state"; rustc ${INGLENOOK_WASM_TOOLCHAIN:+"$INGLENOOK_WASM_TOOLCHAIN"} --edition 2024 --crate-type rlib --target $target --out-dir "$dir" "$dir/lib.rs" ) >/dev/null 2>&1
  local status=$?; rm -rf "$dir"; return $status
}
works && exit 0

if [ "${INGLENOOK_WASM_ROUTE:-}" = debian ]; then
  : # asked for: skip rustup
elif rustup target list --installed | grep -qx $target || timeout 120 rustup target add $target >/dev/null 2>&1; then
  echo 'INGLENOOK_WASM_TOOLCHAIN=' >"$state"
  works && exit 0
fi

say setup "rustup cannot fetch $target: building its standard library from Debian's source (about a minute)"
need_packages "the wasm32 compiler" rustc-web cargo-web rust-web-src rust-web-clippy
std=/usr/lib/rustlib/$target/lib
if ! ls $std/libstd-*.rlib >/dev/null 2>&1; then
  dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
  mkdir -p "$dir/src"; : >"$dir/src/lib.rs"
  printf '[package]\nname = "std-probe"\nversion = "0.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n' >"$dir/Cargo.toml"
  # Without the bitcode, link-time optimization later fails with "failed to get bitcode from object file for LTO".
  linker=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld
  (cd "$dir" && quietly "building std for $target (needs crates.io)" env RUSTFLAGS='-C embed-bitcode=yes' RUSTC=/usr/bin/rustc \
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$dir/target" CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$linker" \
    /usr/bin/cargo build --release --target $target -Zbuild-std=std,panic_abort)
  sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
  "${sudo[@]}" mkdir -p $std
  find "$dir/target/$target/release/deps" -name '*.rlib' ! -name 'libstd_probe*' -exec "${sudo[@]}" cp -t $std {} +
fi
rustup toolchain list | grep -q '^debian' || quietly "linking Debian's compiler as a rustup toolchain" rustup toolchain link debian /usr
{
  echo 'INGLENOOK_WASM_TOOLCHAIN=+debian'
  echo "export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
} >"$state"
works || fail "Debian's compiler is installed but cannot compile for $target; see scripts/setup/wasm-target.sh"
