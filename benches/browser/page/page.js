// Drives subjects, each in a worker of its own: `start` one, then let two of them take turns on a case.
// Turns, not one after the other: a machine that slows down half-way slows both down alike.
const subjects = new Map();

class Subject {
  #worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

  call(method, ...args) {
    return new Promise((resolve, reject) => {
      this.#worker.onerror = (event) => reject(new Error(event.message ?? 'the worker could not be started'));
      this.#worker.onmessage = ({ data: { result, error } }) => (error ? reject(new Error(error)) : resolve(result));
      this.#worker.postMessage({ method, args });
    });
  }

  stop() {
    this.#worker.terminate();
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function cosines(a, b, dimensions) {
  return Array.from({ length: a.length / dimensions }, (_, row) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let i = row * dimensions; i < (row + 1) * dimensions; i++) {
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return dot / Math.sqrt(aa * bb);
  });
}

/** Runs for so long that the browser has optimized what is hot; returns the duration of the last run. */
async function warmUp(subject, warmUpMs) {
  const until = performance.now() + warmUpMs;
  for (;;) {
    const [duration] = await subject.call('sample', 1);
    if (performance.now() >= until) return duration;
  }
}

window.bench = {
  /** Starts subject `name` from module `module`: resolves to { ms, info }, ms being from nothing to ready. */
  async start(name, module, options) {
    const subject = new Subject();
    subjects.set(name, subject);
    return subject.call('start', module, options);
  },

  stop(name) {
    subjects.get(name)?.stop();
    subjects.delete(name);
  },

  /** One run of `testCase`, with nothing before it. */
  async once(name, testCase) {
    const subject = subjects.get(name);
    await subject.call('prepare', testCase);
    return (await subject.call('sample', 1))[0];
  },

  /**
   * Medians of `ours` and `peer` on `testCase`: after `warmUpMs` of runs on each side (one at least), `minRuns` runs each, then more until
   * there are `runs` or `limitMs` has passed. `dimensions` given: also the lowest cosine between their outputs, row by row.
   */
  async compare(ours, peer, testCase, { warmUpMs, runs, minRuns, limitMs, dimensions }) {
    const pair = [subjects.get(ours), subjects.get(peer)];
    const samples = [[], []];
    let longest = 0;
    for (const subject of pair) {
      await subject.call('prepare', testCase);
      longest = Math.max(longest, await warmUp(subject, warmUpMs));
    }
    // Short runs go in blocks, so that each side mostly finds its own data in the processor's caches.
    const block = longest < 500 ? Math.min(5, runs) : 1;
    const deadline = performance.now() + limitMs;
    while (samples[0].length < runs && (samples[0].length < minRuns || performance.now() < deadline)) {
      for (const [i, subject] of pair.entries()) samples[i].push(...(await subject.call('sample', block)));
    }
    const outputs = dimensions ? [await pair[0].call('output'), await pair[1].call('output')] : undefined;
    return {
      ours_ms: median(samples[0]),
      peer_ms: median(samples[1]),
      runs: samples[0].length,
      ...(outputs && { lowest_cosine: Math.min(...cosines(...outputs, dimensions)) }),
    };
  },
};
