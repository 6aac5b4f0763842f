import type { Clock, Database, DagRunId, Logger } from '@job-orchestrator/types';
import { repeatRunChecks } from './check-runs.ts';
import { createDeadlineTimer } from './deadline-timer.ts';
import { createRunReader } from './graphs.ts';
import { planStep, type NewIds } from './plan-step.ts';
import { createWorkLoop, each } from './work-loop.ts';

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

/** An orchestrator over its ports. Keys, not events: whatever woke it, it asks which runs are due. */
export const createDagOrchestrator = (deps: DagOrchestratorDependencies): DagOrchestrator => {
  const { database, clock, log, pollIntervalMs } = deps;
  const { dags, queue, wakeUps } = database;
  const read = createRunReader(dags);
  const restUntil = new Map<DagRunId, number>();
  let endTimer: () => void = () => undefined;
  let stopChecks: () => void = () => undefined;
  let unsubscribe: () => void = () => undefined;

  const advance = async (run: DagRunId): Promise<void> => {
    if ((restUntil.get(run) ?? -Infinity) > clock.monotonicMs()) return;
    try {
      restUntil.delete(run);
      const known = await read(run);
      if (known === null) return await dags.forgetRun(run);
      const step = planStep(known, deps);
      const topics = { project: known.setup.project, topics: known.topics };
      while (!loop.stopped && (await dags.advanceRun(run, step, topics)) === 'advanced');
    } catch (error) {
      restUntil.set(run, clock.monotonicMs() + failedRunRestMs);
      if (!loop.stopped)
        log.error({ run, error: String(error) }, 'a step of a DAG run failed; it is tried again');
    }
  };
  const cancelWork = async (): Promise<void> => {
    const jobs = await dags.jobsToCancel(cancelsAtOnce);
    await each(jobs, concurrency, async ({ job, reason }) => {
      await queue.requestCancel(job, { actor: 'dag', reason });
    });
    const runs = await dags.cancelChildRuns(cancelsAtOnce);
    // Those runs are due now, and their own sub-DAGs are asked after them.
    if (jobs.length === cancelsAtOnce || runs > 0) loop.wake();
  };
  const workOnce = async (): Promise<void> => {
    const due = await dags.dueRuns(runsAtOnce);
    await each(due, concurrency, advance);
    await cancelWork();
    await deadlines.set();
    if (due.length === runsAtOnce) loop.wake();
  };
  const loop = createWorkLoop(workOnce, (error) =>
    log.warn({ error: String(error) }, 'DAG runs could not be advanced; tried again'),
  );
  const markOverdue = (): void => void dags.markOverdue(runsAtOnce).then(loop.wake, loop.wake);
  const deadlines = createDeadlineTimer({ dags, clock, withinMs: pollIntervalMs }, markOverdue);
  const poll = (): void => {
    if (loop.stopped) return;
    endTimer = clock.setTimer(pollIntervalMs, poll);
    markOverdue();
  };
  return {
    start: () => {
      unsubscribe = wakeUps.subscribe((kind) => {
        if (kind === 'dags') loop.wake();
      });
      poll();
      stopChecks = repeatRunChecks({ database, clock, log, read }, loop.wake);
    },
    stop: async () => {
      unsubscribe();
      endTimer();
      deadlines.stop();
      stopChecks();
      await loop.stop();
    },
  };
};
