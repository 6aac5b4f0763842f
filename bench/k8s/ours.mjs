import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createDagOrchestrator } from '../../packages/dag-orchestrator/dist/index.js';
import { createKubernetesRuntime } from '../../packages/k8s-client/dist/index.js';
import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { newJobId } from '../../packages/types/dist/index.js';
import { startExecutor, systemClock } from '../queue/no-op-executor.mjs';
import { createDatabase, dropDatabase } from '../queue/server.mjs';
import { log, newJob, open } from '../queue/systems/job-orchestrator.mjs';
import { runFan } from './fan.mjs';
import { spec } from './launches.mjs';

/** Notes when each attempt was last reported changed, and when its end was recorded. */
const createStopwatch = () => {
  const changed = new Map();
  const latencies = [];
  let ended = 0;
  let onEnd = () => undefined;
  const record = (writes, applied) => {
    const now = performance.now();
    for (const { kind, attemptId } of writes) {
      if (kind !== 'closed' || !applied.includes(attemptId)) continue;
      latencies.push(now - changed.get(attemptId));
      ended += 1;
    }
    onEnd();
  };
  return {
    latencies,
    record,
    change: (attemptId) => void changed.set(attemptId, performance.now()),
    untilEnded: (count) =>
      new Promise((resolve) => {
        onEnd = () => ended >= count && resolve();
        onEnd();
      }),
    ended: () => ended,
  };
};

const watchRequests = () => {
  const counted = { requests: 0 };
  const count = () => void (counted.requests += 1);
  subscribe('undici:request:create', count);
  return { counted, stop: () => unsubscribe('undici:request:create', count) };
};

const timed = (database, stopwatch) => ({
  ...database,
  ping: () => database.ping(),
  queue: {
    ...database.queue,
    applyWrites: async (owner, writes) => {
      const answer = await database.queue.applyWrites(owner, writes);
      stopwatch.record(writes, answer.applied);
      return answer;
    },
  },
});

/** The settings that people get by default. */
export const defaults = { launchRatePerSecond: 20 };

/** An executor and a DAG orchestrator on a cluster. */
export const startOurs = async (serverUrl, { credentials }, namespace, config = defaults) => {
  const url = await createDatabase(serverUrl);
  await migratePostgres({ url, log });
  const plain = await open(url);
  const stopwatch = createStopwatch();
  const database = timed(plain, stopwatch);
  const runtime = await createKubernetesRuntime({
    namespace,
    credentials,
    installation: await database.queue.installation(),
    log,
    clock: systemClock,
    launchesPerSecond: config.launchRatePerSecond,
  });
  const { start } = runtime;
  runtime.start = (onChange) =>
    start((attemptId) => {
      stopwatch.change(attemptId);
      onChange(attemptId);
    });
  const executor = await startExecutor(database, runtime, config);
  const dags = createDagOrchestrator({ database, clock: systemClock, log, newJobId, pollIntervalMs: 5_000 });
  dags.start();
  const { counted, stop } = watchRequests();

  /** Submits jobs and waits for all: seconds from before the submission, and requests to the API server meanwhile. */
  const run = async (count) => {
    const [requests, known] = [counted.requests, stopwatch.ended()];
    const before = performance.now();
    await database.queue.insertJobs(
      Array.from({ length: count }, () => ({ ...newJob(), spec })),
      {
        actor: 'bench',
        reason: 'benchmark',
      },
    );
    await stopwatch.untilEnded(known + count);
    const seconds = (performance.now() - before) / 1000;
    return { seconds, requests: () => counted.requests - requests };
  };
  return {
    run,
    /** A fan and a join, as a DAG of ours: seconds from the start of its run to its end. */
    fan: (width) => runFan(database, width),
    latencies: stopwatch.latencies,
    stop: async () => {
      stop();
      await dags.stop();
      await executor.drain(0);
      executor.stop();
      await runtime.close();
      await plain.close();
      await dropDatabase(serverUrl, url);
    },
  };
};
