import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../../queue/statistics.mjs';
import { createDagOrchestrator, dagRules } from '../../../packages/dag-orchestrator/dist/index.js';
import { applyDag, putImage, startRun } from '../../../packages/operations/dist/index.js';
import { migratePostgres } from '../../../packages/postgres/dist/index.js';
import { newDagRunId, newJobId } from '../../../packages/types/dist/index.js';
import { startNoOpExecutor, systemClock } from '../../queue/no-op-executor.mjs';
import { log, open } from '../../queue/systems/job-orchestrator.mjs';
import { documentOf, shapes } from '../shapes.mjs';

const context = { actor: 'bench', reason: 'benchmark' };

/** As many jobs as there are: neither the rate of launches nor the batch is what is measured. */
const executorConfig = { batchSize: 500, maxRunning: 20_000, launchRatePerSecond: 1_000_000 };

/** Notes how long each step planned and took, what it started, and when ends were recorded; tells which run has ended. */
const watch = (database, notes) => ({
  ...database,
  ping: () => database.ping(),
  dags: {
    ...database.dags,
    advanceRun: async (id, plan) => {
      const step = { planMs: 0, startedAt: performance.now(), starts: 0 };
      let state = null;
      const answer = await database.dags.advanceRun(id, (view, round) => {
        const before = performance.now();
        const planned = plan(view, round);
        step.planMs += performance.now() - before;
        if (planned.kind === 'plan')
          [step.starts, state] = [planned.plan.starts.length, planned.plan.run.state];
        return planned;
      });
      step.endedAt = performance.now();
      if (answer !== 'advanced') return answer;
      notes.steps.push(step);
      if (state !== 'running') notes.onEnd(state);
      return answer;
    },
  },
  queue: {
    ...database.queue,
    applyWrites: async (owner, writes) => {
      const answer = await database.queue.applyWrites(owner, writes);
      const ended = writes.filter(({ kind }) => kind === 'closed').length;
      notes.ended += ended;
      if (ended > 0) notes.ends.push(performance.now());
      return answer;
    },
  },
});

/** Resolves when so many seconds have passed; without a bound, nothing to wait for. */
const outOfTime = (seconds) => (seconds === Infinity ? [] : [sleep(seconds * 1_000, 'out of time')]);

/** Executor and orchestrator over one database; `apart`: each with connections of its own, as two processes have. */
const startOurs = async (url, apart = false) => {
  await migratePostgres({ url, log });
  const notes = { steps: [], ends: [], ended: 0, onEnd: () => undefined };
  const database = watch(await open(url), notes);
  const executor = await startNoOpExecutor(
    apart ? watch(await open(url), notes) : database,
    () => undefined,
    executorConfig,
  );
  const ids = { newJobId, newDagRunId };
  createDagOrchestrator({ database, clock: systemClock, log, ...ids, pollIntervalMs: 5_000 }).start();
  const deps = { database, ...ids, dagRules, outputsSupported: false, autoRegisterImages: false };
  await putImage(deps, { name: 'noop', reference: 'localhost/noop:1' }, context);
  return {
    notes,
    executor,
    /** Seconds from before the start of a run to the step that ended it, or until `secondsMost` have passed. */
    run: async (name, nodes, secondsMost = Infinity) => {
      await applyDag(deps, documentOf(name, nodes), context);
      Object.assign(notes, { steps: [], ends: [], ended: 0 });
      const before = performance.now();
      const ended = new Promise((resolve) => (notes.onEnd = resolve));
      await startRun(deps, { project: 'default', name, version: null, inputs: {} }, context);
      const state = await Promise.race([ended, ...outOfTime(secondsMost)]);
      if (state !== 'completed' && state !== 'out of time') throw new Error(`the run is ${state}`);
      return (performance.now() - before) / 1000;
    },
  };
};

/** MiB that this process has had in memory at most (Linux). */
const residentMostMiB = () =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;

/** Runs a shape once, after a small one; nodes by second, and the step that started most. What ended in time counts. */
export const measure = async (url, shape, size, secondsMost) => {
  const ours = await startOurs(url);
  await ours.run('warm-up', shapes.layered(500));
  const nodes = shapes[shape](size);
  const seconds = await ours.run(shape, nodes, secondsMost);
  const biggest = ours.notes.steps.reduce((one, two) => (two.starts > one.starts ? two : one));
  return {
    nodesPerSecond: ours.notes.ended / seconds,
    nodesEnded: ours.notes.ended,
    stepMsMost: biggest.endedAt - biggest.startedAt,
    memoryMbMost: residentMostMiB(),
  };
};

/** From the commit of each end of a chain to that of the step that started the next node. Milliseconds. */
export const childLatency = async (url, count, apart) => {
  const ours = await startOurs(url, apart);
  await ours.run('warm-up', shapes.chain(50));
  await ours.run('chain', shapes.chain(count));
  const starts = ours.notes.steps.filter(({ starts: started }) => started > 0).slice(1);
  const latencies = starts.map(({ endedAt }, at) => endedAt - ours.notes.ends[at]);
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
};
