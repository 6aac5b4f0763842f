import { parentPort } from 'node:worker_threads';
import { setTimeout as delay } from 'node:timers/promises';

// Answers each call after a tenth of a second: while the thread that asked may be standing still.
/* oxlint-disable unicorn/require-post-message-target-origin -- a thread has no origin */
parentPort?.on('message', ({ id }: { id: number }) => {
  void delay(100).then(() => parentPort?.postMessage({ id, rows: [{ late: true }] }));
});
parentPort?.postMessage({ id: 0, rows: [] });
