import { randomUUID } from 'node:crypto';
import { migratePostgres, openDatabase } from '../../../packages/postgres/dist/index.js';
import { closed, newIncarnationId, newJobId } from '../../../packages/types/dist/index.js';
import { createRecorder } from '../../../packages/executor-core/dist/record/recorder.js';
import { startNoOpExecutor, systemClock } from '../no-op-executor.mjs';

const nothing = () => undefined;
export const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A plain job. */
export const spec = {
  name: null,
  image: 'noop',
  imageReference: 'localhost/noop:1',
  command: null,
  args: null,
  env: {},
  inputs: null,
  output: false,
  resources: null,
  runAsUser: null,
  retry: { maxRetries: 0, infrastructureRetries: 5 },
  deadlines: { queueSeconds: 604_800, startSeconds: 3_600, runSeconds: 86_400, finalizeSeconds: 600 },
  labels: {},
};

export const newJob = (topic = 'bench') => ({
  id: newJobId(),
  project: 'default',
  topic,
  priority: 0,
  runAt: null,
  spec,
  retryOf: null,
  rootJobId: null,
});

const context = { actor: 'bench', reason: 'benchmark' };
export const open = (url) => openDatabase({ kind: 'postgres', url, poolSize: 25, log });

export const enqueue = (database, count, topic) =>
  database.queue.insertJobs(
    Array.from({ length: count }, () => newJob(topic)),
    context,
  );

export const prepare = async (url) => {
  await migratePostgres({ url, log });
  const database = await open(url);
  // The topic exists, as the peers' queue does.
  await database.topics.setPaused('default', 'bench', false, context);
  return { enqueue: (count) => enqueue(database, count), close: () => database.close() };
};

const runtimeKey = 'bench';

/** Registers an executor and renews its lease every 3 s, as a real one does. */
export const hold = async (database) => {
  const owner = newIncarnationId();
  let nonce = randomUUID();
  await database.executors.register(
    {
      incarnation: owner,
      name: 'bench',
      runtimeKind: 'process',
      runtimeKey,
      topics: null,
      maxRunning: 100_000,
      version: '0',
    },
    nonce,
    false,
  );
  const beat = async () => {
    const next = randomUUID();
    const answer = await database.executors.beat(owner, nonce, next);
    if (answer.kind !== 'renewed') throw new Error(`the lease is ${answer.kind}`);
    nonce = next;
  };
  const giveUp = (error) => {
    clearInterval(timer);
    console.error(`the lease is not renewed any more: ${error.message}`);
  };
  const timer = setInterval(() => void beat().catch(giveUp), 3_000);
  return { owner, release: () => clearInterval(timer) };
};

const exit = () => ({
  exitCode: 0,
  startedAt: new Date(),
  finishedAt: new Date(),
  failure: null,
  output: { kind: 'none' },
  node: null,
  imageDigest: null,
});

export const claim = (database, owner, limit) =>
  database.queue.claimJobs({ owner, runtimeKey, topics: null, limit });

/** Each call is a statement of its own. */
const finishDirectly = (database, owner) => async (writes) => {
  const { applied } = await database.queue.applyWrites(owner, writes);
  return applied.length;
};

/** As an executor does: while one write is under way, what comes meanwhile makes up the next one. */
const finishThroughRecorder = (database, owner) => {
  const apply = (writes) => database.queue.applyWrites(owner, writes);
  const recorder = createRecorder({ clock: systemClock, apply });
  return async (writes) => {
    const recorded = await Promise.all(writes.map((write) => recorder.record(write)));
    return recorded.filter((each) => each === 'applied').length;
  };
};

/** Claims up to `limit` jobs and finishes them at once, with fence, events and history; returns how many. */
const claimAndFinish = async (database, owner, limit, finish, onJobs) => {
  const attempts = await claim(database, owner, limit);
  onJobs(attempts.length);
  if (attempts.length === 0) return 0;
  const finished = await finish(
    attempts.map((attempt) => closed(attempt.id, { kind: 'succeed', exit: exit() }, null)),
  );
  if (finished !== attempts.length) throw new Error(`${attempts.length - finished} writes were stale`);
  return finished;
};

/** Drains a queue over several lanes at once; returns how many jobs were finished. */
export const drainLanes = async (
  database,
  owner,
  lanes,
  limit,
  onJobs = nothing,
  finish = finishDirectly(database, owner),
) => {
  let finished = 0;
  const lane = async () => {
    for (;;) {
      const count = await claimAndFinish(database, owner, limit, finish, onJobs);
      if (count === 0) return;
      finished += count;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return finished;
};

/**
 * Seconds from the first job's start to the last job's recorded end. Unbatched, 24 lanes claim job by job and hand each
 * end to the recorder, as an executor does; `bare` writes each end on its own, which no executor does.
 */
export const drain = async (url, count, mode) => {
  const database = await open(url);
  const lease = await hold(database);
  let begun = 0;
  const onJobs = () => (begun ||= performance.now());
  const [lanes, limit] = mode === 'batched' ? [4, 500] : [24, 1];
  const finish = (mode === 'unbatched' ? finishThroughRecorder : finishDirectly)(database, lease.owner);
  const finished = await drainLanes(database, lease.owner, lanes, limit, onJobs, finish);
  const seconds = (performance.now() - begun) / 1000;
  if (finished !== count) throw new Error(`${finished} of ${count} jobs were finished`);
  lease.release();
  await database.close();
  return seconds;
};

/** A real executor over a runtime that does nothing; `submit` resolves with the milliseconds until `ensure` is called. */
export const latency = async (url) => {
  const database = await open(url);
  let onStart = nothing;
  const executor = await startNoOpExecutor(database, () => onStart(performance.now()));
  return {
    submit: async () => {
      const start = new Promise((resolve) => (onStart = resolve));
      const before = performance.now();
      await enqueue(database, 1);
      database.wakeUps.send('jobs');
      return (await start) - before;
    },
    close: async () => {
      await executor.drain(0);
      executor.stop();
      await database.close();
    },
  };
};
