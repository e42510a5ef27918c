// The whole package in one file, for a plain `<script type="module">`: the site serves it with worker.js, inglenook.js and
// the two modules, inglenook_bg.wasm and inglenook_relaxed_bg.wasm, beside it.
export * from './client.js';
