// The measured tables of docs/benchmarks.md: ratios first.
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const wholeMegabytes = (bytes) => `${Math.round(bytes / 1e6).toLocaleString('en')} MB`;
const seconds = (ms) => (ms === undefined ? '-' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`);
const shown = (value) => value ?? '-';
const bold = (ratio) => (ratio === null ? '-' : `**${ratio}**`);

export function report(rows, environment) {
  const { cpu, cores, load_1m, chromium, adapter, date, commit, downloads, skipped } = environment;
  const where = (device) => (device === 'webgpu' && adapter ? `webgpu (${adapter})` : device);
  const timed = rows.filter(({ peer_ms, index }) => peer_ms !== undefined && !index);
  const parts = [
    'A ratio above 1 means that Inglenook is faster, below 1 that it is slower, by that factor.',
    table(
      ['ratio', 'case', 'device', 'Inglenook, ms', 'peer, ms', 'peer', 'runs', 'remarks'],
      timed.map((row) => [
        bold(row.ratio),
        row.name,
        where(row.device),
        shown(row.ours_ms),
        row.peer_ms,
        row.peer,
        row.runs,
        remarks(row).join('; '),
      ]),
    ),
  ];
  const indexed = rows.filter(({ index }) => index);
  if (indexed.length > 0) parts.push(indexTable(indexed));
  const memory = rows.filter(({ peak_bytes }) => peak_bytes !== undefined);
  if (memory.length > 0) parts.push(memoryTable(memory));
  if (skipped.length > 0) {
    const lines = skipped.map(({ name, device, reason }) => `- ${name}, ${where(device)}: ${reason}`);
    parts.push(`No figure:\n\n${lines.join('\n')}`);
  }
  parts.push(
    table(
      ['download', 'code, raw', 'code, brotli', 'model, raw', 'model, brotli'],
      Object.entries(downloads).map(([side, { code, model }]) => [
        side,
        ...[code.raw, code.brotli, model.raw, model.brotli].map(megabytes),
      ]),
    ),
    `Taken on ${date} at commit ${commit ?? 'unknown'}: ${cpu}, ${cores} cores, load average ${load_1m} at the start, Chromium ${chromium}, ` +
      `WebGPU adapter ${adapter ?? 'none'}.`,
  );
  return parts.join('\n\n');
}

/** What the row tells besides its times. */
function remarks({
  peers_ms,
  lowest_cosine,
  simd,
  dispatches,
  recall_at_20,
  recall_of_int8,
  ours_gb_s,
  peer_gb_s,
  note,
}) {
  const others = peers_ms && Object.entries(peers_ms).map(([precision, ms]) => `${precision} ${ms}`);
  return [
    others && `peer ${others.join(', ')}`,
    lowest_cosine?.ours !== undefined && `cosine >= ${(Math.floor(lowest_cosine.ours * 1e4) / 1e4).toFixed(4)}`,
    simd !== undefined && `simd ${simd}`,
    dispatches !== undefined && `${dispatches} dispatches`,
    recall_at_20 !== undefined && `recall@20 ${recall_at_20} of float32, ${recall_of_int8} of int8`,
    ours_gb_s !== undefined && `${ours_gb_s} GB/s of table`,
    peer_gb_s !== undefined && `the sum ${peer_gb_s} GB/s`,
    note,
  ].filter(Boolean);
}

/** One line for ours, which each peer was measured in turns with, then one for each peer. */
function indexTable(rows) {
  const median = rows.map(({ ours_ms }) => ours_ms).toSorted((a, b) => a - b)[rows.length >> 1];
  const cells = (ratio, name, ms, side, { recall_at_20, build_ms, bytes }) => [
    ratio,
    name,
    ms,
    shown(recall_at_20[side]),
    seconds(build_ms[side]),
    bytes[side] === undefined ? '-' : wholeMegabytes(bytes[side]),
  ];
  const lines = rows.map((row) => cells(bold(row.ratio), row.peer, row.peer_ms, 'peer', row.index));
  if (rows[0].ours_ms !== null) lines.unshift(cells('1', 'Inglenook, int8 scan', median, 'ours', rows[0].index));
  return `Beside libraries that build an index: ${rows[0].name}.\n\n${table(
    ['ratio', 'method', 'query, ms', 'recall@20', 'build or load', 'memory'],
    lines,
  )}`;
}

function memoryTable(rows) {
  return table(
    ['memory, cpu', 'artifacts', 'peak', 'peak / artifacts', 'wasm memory'],
    rows.map((row) => [
      row.subject,
      ...[row.artifact_bytes, row.peak_bytes].map(wholeMegabytes),
      `**${row.factor}**`,
      row.wasm_bytes === undefined ? '-' : wholeMegabytes(row.wasm_bytes),
    ]),
  );
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
