// One measured run of one system in a process of its own: node run-one.mjs SYSTEM WORKLOAD URL COUNT → JSON on stdout.
import { setTimeout as pause } from 'node:timers/promises';
import { settle } from './server.mjs';

const [systemName, workload, url, countText] = process.argv.slice(2);
const system = await import(`./systems/${systemName}.mjs`);
const count = Number(countText);

const fill = async () => {
  const { enqueue, close } = await system.prepare(url);
  const before = performance.now();
  await enqueue(count);
  const seconds = (performance.now() - before) / 1000;
  await close();
  return { jobsPerSecond: count / seconds };
};

const drain = async (mode) => {
  const enqueued = await fill();
  await settle(url);
  return { enqueued: enqueued.jobsPerSecond, drained: count / (await system.drain(url, count, mode)) };
};

/** One job after the other; `pauseMs` apart where jobs should not share a notification window. */
const latencies = async (pauseMs) => {
  const { close } = await system.prepare(url);
  await close();
  const worker = await system.latency(url);
  const measured = [];
  for (let index = 0; index < count + 50; index += 1) {
    measured.push(await worker.submit());
    if (pauseMs > 0) await pause(pauseMs * (0.5 + Math.random()));
  }
  await worker.close();
  return { latencies: measured.slice(50) };
};

const workloads = {
  batched: () => drain('batched'),
  unbatched: () => drain('unbatched'),
  bare: () => drain('bare'),
  latency: () => latencies(0),
  spaced: () => latencies(100),
};

process.stdout.write(JSON.stringify(await workloads[workload]()));
process.exit(0);
