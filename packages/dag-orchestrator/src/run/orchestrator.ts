import type { Clock, Database, DagRunId, Logger } from '@job-orchestrator/types';
import { createRunReader } from './graphs.ts';
import { planStep, type NewIds } from './plan-step.ts';

/** What a DAG orchestrator lives on. */
export interface DagOrchestratorDependencies extends NewIds {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between safety polls; wake-ups come long before. */
  readonly pollIntervalMs: number;
}

/** Advances DAG runs. Any number of them work side by side: each step holds the lock of its run. */
export interface DagOrchestrator {
  start(): void;
  /** Begins no more steps, and waits for those that are being made. */
  stop(): Promise<void>;
}

const runsAtOnce = 100;
const cancelsAtOnce = 200;
/** Steps of different runs at the same time: their transactions wait for the database, not for one another. */
const concurrency = 4;
/** A run whose step failed is left alone for so long: one bad run never stops the others. */
const failedRunRestMs = 5_000;

const each = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> => {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};

/** An orchestrator over its ports. Keys, not events: whatever woke it, it asks which runs are due. */
export const createDagOrchestrator = (deps: DagOrchestratorDependencies): DagOrchestrator => {
  const { database, clock, log, pollIntervalMs } = deps;
  const { dags, queue, wakeUps } = database;
  const read = createRunReader(dags);
  const restUntil = new Map<DagRunId, number>();
  const state = { stopped: false, again: false, working: null as Promise<void> | null };
  let endTimer: () => void = () => undefined;
  let unsubscribe: () => void = () => undefined;

  const advance = async (run: DagRunId): Promise<void> => {
    if ((restUntil.get(run) ?? -Infinity) > clock.monotonicMs()) return;
    try {
      restUntil.delete(run);
      const known = await read(run);
      if (known === null) return;
      const step = planStep(known, deps);
      while (!state.stopped && (await dags.advanceRun(run, step)) === 'advanced');
    } catch (error) {
      restUntil.set(run, clock.monotonicMs() + failedRunRestMs);
      if (!state.stopped)
        log.error({ run, error: String(error) }, 'a step of a DAG run failed; it is tried again');
    }
  };
  const cancelWork = async (): Promise<void> => {
    const jobs = await dags.jobsToCancel(cancelsAtOnce);
    await each(jobs, async (job) => {
      await queue.requestCancel(job, { actor: 'dag', reason: 'its DAG run stops' });
    });
    const runs = await dags.cancelChildRuns(cancelsAtOnce);
    // Those runs are due now, and their own sub-DAGs are asked after them.
    if (jobs.length === cancelsAtOnce || runs > 0) state.again = true;
  };
  const workOnce = async (): Promise<void> => {
    const due = await dags.dueRuns(runsAtOnce);
    await each(due, advance);
    await cancelWork();
    if (due.length === runsAtOnce) state.again = true;
  };
  const work = async (): Promise<void> => {
    while (state.again && !state.stopped) {
      state.again = false;
      await workOnce().catch((error: unknown) => {
        if (!state.stopped) log.warn({ error: String(error) }, 'DAG runs could not be advanced; tried again');
      });
    }
    state.working = null;
  };
  const wake = (): void => {
    state.again = true;
    if (!state.stopped) state.working ??= work();
  };
  const poll = (): void => {
    if (state.stopped) return;
    endTimer = clock.setTimer(pollIntervalMs, poll);
    void dags.markOverdue(runsAtOnce).then(wake, wake);
  };
  return {
    start: () => {
      unsubscribe = wakeUps.subscribe((kind) => {
        if (kind === 'finished' || kind === 'dags') wake();
      });
      poll();
    },
    stop: async () => {
      state.stopped = true;
      unsubscribe();
      endTimer();
      await state.working;
    },
  };
};
