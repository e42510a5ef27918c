// Drives subjects, each in a worker of its own: `start` them, then let them take turns on a case.
// Turns, not one after the other: a machine that slows down half-way slows all down alike.
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

/** The lowest cosine between rows of `a` and `b`. */
function lowestCosine(a, b, dimensions) {
  let lowest = 1;
  for (let from = 0; from < a.length; from += dimensions) {
    let [dot, aa, bb] = [0, 0, 0];
    for (let i = from; i < from + dimensions; i++) {
      dot += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    const cosine = dot / Math.sqrt(aa * bb);
    // Written so that a NaN becomes the lowest.
    if (!(cosine >= lowest)) lowest = cosine;
  }
  return lowest;
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
   * Medians of the subjects `names` on `testCase`, in ms by name: after `warmUpMs` of runs of each (one at least), `minRuns` runs each,
   * then more until there are `runs` or `limitMs` has passed. `dimensions` given: also the lowest cosine, row by row, of every output to
   * that of the subject `reference`. Each subject's `info` is as it stands after the last run.
   */
  async compare(names, testCase, { warmUpMs, runs, minRuns, limitMs, dimensions, reference }) {
    const turns = names.map((name) => ({ name, subject: subjects.get(name), samples: [] }));
    let longest = 0;
    for (const { subject } of turns) {
      await subject.call('prepare', testCase);
      longest = Math.max(longest, await warmUp(subject, warmUpMs));
    }
    // Short runs go in blocks, so that each side mostly finds its own data in the processor's caches.
    const block = longest < 500 ? Math.min(5, runs) : 1;
    const deadline = performance.now() + limitMs;
    const count = () => turns[0].samples.length;
    while (count() < runs && (count() < minRuns || performance.now() < deadline)) {
      for (const { subject, samples } of turns) samples.push(...(await subject.call('sample', block)));
    }
    const each = async (value) =>
      Object.fromEntries(await Promise.all(turns.map(async (t) => [t.name, await value(t)])));
    const expected = dimensions ? await subjects.get(reference).call('output') : undefined;
    return {
      ms: await each(({ samples }) => median(samples)),
      runs: count(),
      info: await each(({ subject }) => subject.call('info')),
      ...(expected && {
        lowest_cosine: await each(async ({ subject }) =>
          lowestCosine(await subject.call('output'), expected, dimensions),
        ),
      }),
    };
  },

  /** Everything that the subject answers to a case, untimed: for ranking, the rows found for every query. */
  async answers(name, testCase) {
    return Array.from(await subjects.get(name).call('answers', testCase));
  },
};
