// Hands calls from the test to the worker, one after another.
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });

window.call = (method, ...args) =>
  new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message ?? 'the worker could not be started'));
    worker.onmessage = ({ data: { result, error } }) => (error ? reject(new Error(error)) : resolve(result));
    worker.postMessage({ method, args });
  });
