import { parentPort } from 'node:worker_threads';

// Opens, and then answers nothing: an engine that hangs.
parentPort?.on('message', () => undefined);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage({ id: 0, rows: [] });
