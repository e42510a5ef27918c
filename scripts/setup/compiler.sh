#!/usr/bin/env bash
# What building native Rust needs: rustup's cargo with clippy and rustfmt, and a C compiler, which Rust links with.
source "$(dirname "$0")/../env.sh"
command -v rustup >/dev/null || fail "rustup is needed (https://rustup.rs), with Rust 1.95 or newer"
version=$(rustc --version | cut -d' ' -f2)
printf '1.95.0\n%s\n' "${version%%-*}" | sort --check --version-sort 2>/dev/null ||
  fail "Rust 1.95 or newer is needed, found $version; run: rustup update stable"
for tool in clippy rustfmt; do
  cargo "${tool/rustfmt/fmt}" --version >/dev/null 2>&1 || quietly "rustup component add $tool" rustup component add "$tool"
done
command -v cc >/dev/null && command -v c++ >/dev/null || need_packages "linking native programs" build-essential
