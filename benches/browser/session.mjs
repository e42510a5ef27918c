// One run of the benchmark: fresh pages to measure in, and the rows and omissions that come of it.
import { keepToOneProcessor } from './one-processor.mjs';

/** Three significant digits: more would be noise. */
export const round = (value) => Number(value.toPrecision(3));

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

export class Session {
  /** Results, in the order in which they were measured. */
  rows = [];
  /** What could not be measured, and why. */
  skipped = [];

  /**
   * @param {object} setting
   * @param {import('playwright-core').Browser} setting.browser
   * @param {string} setting.url  where the benchmark page is served
   * @param {string | null} setting.adapter  null: no WebGPU here
   * @param {boolean} setting.peersOnly  leaves Inglenook out
   * @param {(line: string) => void} setting.say
   */
  constructor(setting) {
    Object.assign(this, setting);
    /** A software GPU is good for whether it works; its times say little, so few are taken. */
    this.softwareGpu = /swiftshader|llvmpipe/i.test(setting.adapter ?? '');
  }

  /**
   * Adds a row: `ours_ms` (undefined with peers alone), `peer_ms` and the rest as given. `ratio` is how many times faster ours is.
   */
  add({ name, device, peer, ours_ms, peer_ms, ...rest }) {
    const ratio = ours_ms === undefined ? null : round(peer_ms / ours_ms);
    const row = {
      name,
      device,
      ours_ms: ours_ms === undefined ? null : round(ours_ms),
      peer,
      peer_ms: round(peer_ms),
      ratio,
      ...rest,
      ...(device === 'webgpu' && this.softwareGpu && { note: 'software GPU: speed says nothing' }),
    };
    this.rows.push(row);
    const extra = Object.entries(rest).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
    this.say(
      `${name}, ${device}: ratio ${ratio} (ours ${row.ours_ms} ms; ${peer} ${row.peer_ms} ms; ${extra.join(', ')})`,
    );
  }

  /** Adds a row of memory, in bytes; `factor` is the peak as a multiple of the artifacts' size. */
  addMemory(row) {
    this.rows.push(row);
    this.say(`${row.name}: ${JSON.stringify(row)}`);
  }

  skip(name, device, error) {
    const reason = typeof error === 'string' ? error : error.message.split('\n')[0].replace(/^page\.evaluate: /, '');
    this.skipped.push({ name, device, reason });
    this.say(`${name}, ${device}: no figure: ${reason}`);
  }

  /**
   * Calls `work` with the driver of a page of its own, so that nothing is warm at its start and one that runs out of memory takes no other
   * case with it. A failure becomes an omission. `isSteady`: times of what is warm, which are to be compared on the same processor; what is
   * starting may use all of them.
   */
  async onFreshPage(name, device, work, { isSteady = true } = {}) {
    const context = await this.browser.newContext();
    try {
      const page = await context.newPage();
      const crashed = new Promise((_, reject) =>
        page.on('crash', () => reject(new Error('the page ran out of memory'))),
      );
      crashed.catch(() => {});
      await page.goto(this.url);
      await page.waitForFunction(() => window.bench);
      if (isSteady && device === 'cpu') await keepToOneProcessor(this.browser);
      const call = (method, ...args) =>
        Promise.race([page.evaluate(([m, a]) => window.bench[m](...a), [method, args]), crashed]);
      await work(call, page);
    } catch (error) {
      this.skip(name, device, error);
    } finally {
      await context.close();
    }
  }
}
