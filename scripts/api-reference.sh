#!/usr/bin/env bash
# Writes docs/api.md, the reference of the npm package, from the types and their comments; --check only says whether it is up to date.
source "$(dirname "$0")/env.sh"
cd "$ROOT"
# typedoc asks TypeScript's compiler for types in JavaScript, which its seventh version does not offer.
tools=(typedoc@0.28.20 typedoc-plugin-markdown@4.14.1 typescript@6.0.3)
home=$INGLENOOK_CACHE/typedoc
if [ "$(cat "$home/.tools" 2>/dev/null)" != "${tools[*]}" ]; then
  rm -rf "$home"; mkdir -p "$home"; echo '{}' >"$home/package.json"
  quietly "installing typedoc (needs the npm registry)" npm install --prefix "$home" --no-audit --no-fund "${tools[@]}"
  echo "${tools[*]}" >"$home/.tools"
fi
out=$(mktemp -d); trap 'rm -rf "$out"' EXIT
quietly "writing the API reference" "$home/node_modules/.bin/typedoc" --tsconfig "$ROOT/www/tsconfig.declarations.json" \
  --plugin "$home/node_modules/typedoc-plugin-markdown/dist/index.js" --entryPoints "$ROOT/www/src/client.ts" --out "$out" \
  --router module --readme none --name Inglenook --disableSources --hideBreadcrumbs --hidePageHeader --excludePrivate --excludeInternal \
  --excludeExternals --parametersFormat table --interfacePropertiesFormat table --classPropertiesFormat table \
  --propertyMembersFormat table --typeDeclarationFormat table --treatWarningsAsErrors --entryFileName api
page=$(find "$out" -name '*.md')
if [ "${1:-}" = --check ]; then
  cmp -s "$page" docs/api.md || fail "docs/api.md is not what the types say; run scripts/api-reference.sh"
else
  cp "$page" docs/api.md
fi
