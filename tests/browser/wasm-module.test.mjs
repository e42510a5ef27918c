// Global constructors run once. wasm-ld takes a module that never calls __wasm_call_ctors for a program that runs once, and wraps every
// export in a function `NAME.command_export` that first runs all constructors: a second or more on each encode.
// The module's start function therefore calls __wasm_call_ctors itself; these tests hold that it stays so.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { cargoTarget } from '../../scripts/paths.mjs';

const { resolve } = createRequire(new URL('../../www/package.json', import.meta.url));
const { default: binaryen } = await import(resolve('binaryen'));

/** The contents of a module's custom sections of a name, read by hand: Node 20 compiles no relaxed SIMD. */
function customSections(bytes, wanted) {
  const sections = [];
  let at = 8;
  const number = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    return value;
  };
  while (at < bytes.length) {
    const kind = bytes[at++];
    const end = number() + at;
    if (kind === 0) {
      const length = number();
      const name = new TextDecoder().decode(bytes.subarray(at, at + length));
      if (name === wanted) sections.push(bytes.subarray(at + length, end));
    }
    at = end;
  }
  return sections;
}

/** The wrappers that wasm-ld made. Needs the name section, which the file that cargo wrote has and the shipped one has not. */
function wrappedExports(bytes) {
  const names = customSections(bytes, 'name')
    .map((section) => new TextDecoder('latin1').decode(section))
    .join('');
  assert.ok(
    names.includes('__wasm_call_ctors'),
    'the module does not name its constructors: check the file that cargo wrote, before it is stripped',
  );
  return names.match(/[\w.$]+\.command_export/g) ?? [];
}

for (const folder of ['.', 'relaxed-simd']) {
  test(`the built module wraps no export in its constructors: ${folder}`, () => {
    const file = path.join(cargoTarget, folder, 'wasm32-unknown-unknown/release/inglenook.wasm');
    assert.ok(fs.existsSync(file), `${file} is missing; build it with \`make build\``);
    assert.deepEqual(wrappedExports(fs.readFileSync(file)), []);
  });
}

test('a module whose exports are wrapped is recognized, and one without names is refused', () => {
  // What wasm-ld emits of a module with constructors that nothing calls.
  const module = binaryen.parseText(`(module
    (func $__wasm_call_ctors)
    (func $encode (param i32) (result i32) (local.get 0))
    (func $encode.command_export (param i32) (result i32) (call $__wasm_call_ctors) (call $encode (local.get 0)))
    (export "encode" (func $encode.command_export)))`);
  const emit = (names) => {
    binaryen.setDebugInfo(names);
    return module.emitBinary();
  };
  assert.deepEqual(wrappedExports(emit(true)), ['encode.command_export']);
  assert.throws(() => wrappedExports(emit(false)), /does not name its constructors/);
});
