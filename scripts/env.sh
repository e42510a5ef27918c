# Shared environment of every script: source it, do not run it.
# Where caches live, which toolchain builds for wasm32, and how to fail with a message that helps.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ROOT
export INGLENOOK_CACHE=${INGLENOOK_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/inglenook}
# burn is slow to build: one target directory outside the checkout serves every checkout and CI.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$INGLENOOK_CACHE/target}
export PATH="$INGLENOOK_CACHE/bin:$INGLENOOK_CACHE/npm/node_modules/.bin:$HOME/.cargo/bin:$PATH"
mkdir -p "$INGLENOOK_CACHE/bin"

say() { printf '\033[1m%s\033[0m %s\n' "${1}:" "${*:2}" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Runs a command quietly; shows its output only if it fails, with what it was for.
quietly() { # quietly PURPOSE COMMAND...
  local purpose=$1 log; shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2; rm -f "$log"
    fail "$purpose failed. Command: $*"
  fi
  rm -f "$log"
}

# Installs Debian packages that are missing. Quiet when there is nothing to do.
need_packages() { # need_packages PURPOSE PACKAGE...
  local purpose=$1 missing=() p; shift
  for p in "$@"; do dpkg-query -W -f='${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^ii' || missing+=("$p"); done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || fail "$purpose needs ${missing[*]}; install them with this system's package manager"
  local sudo=(); [ "$(id -u)" = 0 ] || sudo=(sudo)
  say setup "installing ${missing[*]} ($purpose)"
  [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mmin -1440 2>/dev/null | head -n1)" ] ||
    quietly "apt-get update (needs the Debian mirrors)" "${sudo[@]}" apt-get update
  quietly "$purpose: apt-get install (needs root and the Debian mirrors)" \
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

# A virtual environment of Python in the cache, at the versions of a requirements.txt. Quiet when there is nothing to do.
python_environment() { # python_environment PURPOSE REQUIREMENTS VENV
  local purpose=$1 requirements=$2 venv=$3
  cmp -s "$requirements" "$venv/requirements.txt" && return
  command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || need_packages "$purpose" python3 python3-venv
  say setup "installing the Python packages of ${requirements#"$ROOT"/} ($purpose)"
  rm -rf "$venv"
  quietly "python3 -m venv" python3 -m venv "$venv"
  quietly "pip install (needs PyPI)" "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$venv/requirements.txt"
}

# The cargo command line and environment that build for wasm32, as written by setup/wasm-target.sh.
wasm_cargo() {
  # shellcheck disable=SC1091
  source "$INGLENOOK_CACHE/wasm-toolchain.env"
  RUSTFLAGS="-C target-feature=+simd128 --cfg getrandom_backend=\"wasm_js\" ${INGLENOOK_WASM_RUSTFLAGS:-}" \
    cargo ${INGLENOOK_WASM_TOOLCHAIN:+"$INGLENOOK_WASM_TOOLCHAIN"} "$@"
}
