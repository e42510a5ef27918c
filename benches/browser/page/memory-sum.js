// The bound of ranking: reading as many bytes as the int8 table has, and doing nothing with them but add (scripts/peers/memory-sum.wat).
const PAGE = 65_536;

export async function start({ rows, dimensions }) {
  const bytes = rows * dimensions;
  const { instance } = await WebAssembly.instantiateStreaming(fetch('/memory-sum.wasm'));
  const { memory, sum } = instance.exports;
  memory.grow(Math.ceil(bytes / PAGE));
  // Memory that was never written shares one page of zeros, which would be read from the processor's cache.
  new Uint8Array(memory.buffer).fill(1);
  const expected = BigInt.asIntN(64, BigInt(bytes / 8) * 0x0101010101010101n);
  return {
    info: () => ({ wasm_bytes: memory.buffer.byteLength }),
    prepare() {
      return () => {
        const found = sum(0, bytes);
        if (found !== expected) throw new Error(`expected the sum ${expected}, found ${found}`);
      };
    },
  };
}
