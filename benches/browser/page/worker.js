// Runs one subject. A subject module exports `start(options)`, which resolves to { info, prepare, answers? }: `info()` says what the subject
// tells of itself, `prepare(testCase)` returns the function that is timed, `answers(testCase)` everything that is judged.
let subject;
let run;
let output;

const methods = {
  async start(module, options) {
    const from = performance.now();
    const { start } = await import(module);
    subject = await start(options);
    return { ms: performance.now() - from, info: subject.info() };
  },

  async prepare(testCase) {
    run = await subject.prepare(testCase);
  },

  async sample(count) {
    const durations = [];
    for (let i = 0; i < count; i++) {
      const from = performance.now();
      output = await run();
      durations.push(performance.now() - from);
    }
    return durations;
  },

  output: () => output,
  info: () => subject.info(),
  answers: (testCase) => subject.answers(testCase),
};

self.onmessage = async ({ data: { method, args } }) => {
  try {
    self.postMessage({ result: await methods[method](...args) });
  } catch (error) {
    self.postMessage({ error: `${error?.name ?? 'Error'}: ${error?.message ?? error}` });
  }
};
