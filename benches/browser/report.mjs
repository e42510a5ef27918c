// The measured tables of docs/benchmarks.md: ratios first.
const millions = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

export function report(rows, environment) {
  const { cpu, cores, load_1m, chromium, adapter, date, commit, downloads, skipped } = environment;
  const where = (device) => (device === 'webgpu' && adapter ? `webgpu (${adapter})` : device);
  const parts = [
    'A ratio above 1 means that Inglenook is faster, below 1 that it is slower, by that factor.',
    table(
      ['ratio', 'case', 'device', 'Inglenook, ms', 'peer, ms', 'peer', 'runs'],
      rows.map((row) => [
        `**${row.ratio}**`,
        row.name,
        where(row.device),
        row.ours_ms,
        row.peer_ms,
        row.peer,
        row.runs,
      ]),
    ),
  ];
  if (skipped.length > 0) {
    const lines = skipped.map(({ name, device, reason }) => `- ${name}, ${where(device)}: ${reason}`);
    parts.push(`No figure:\n\n${lines.join('\n')}`);
  }
  parts.push(
    table(
      ['download', 'code, raw', 'code, brotli', 'model, raw', 'model, brotli'],
      Object.entries(downloads).map(([side, { code, model }]) => [
        side,
        ...[code.raw, code.brotli, model.raw, model.brotli].map(millions),
      ]),
    ),
    `Taken on ${date} at commit ${commit ?? 'unknown'}: ${cpu}, ${cores} cores, load average ${load_1m} at the start, Chromium ${chromium}, ` +
      `WebGPU adapter ${adapter ?? 'none'}.`,
  );
  return parts.join('\n\n');
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
