import type { Clock, DagRunId, Database, Logger } from '@job-orchestrator/types';
import { checkRun, type Difference } from '../plan/check-run.ts';
import type { createRunReader } from './graphs.ts';

/** Runs that one round looks at; one of 100,000 nodes takes about half a second, and its lock as long. */
const runsAtOnce = 5;
const marksAtOnce = 500;
const toldMost = 5;
/** Between two rounds. A round reads five whole runs: at 1,000 nodes each about 20 ms. */
const checkEveryMs = 300_000;

interface CheckDependencies {
  readonly database: Pick<Database, 'dags'>;
  readonly log: Logger;
  readonly read: ReturnType<typeof createRunReader>;
}

/** What steps have added up of a run otherwise than it is; a run that has ended or is in a step is left for later. */
const differencesOf = async (
  { database, read }: CheckDependencies,
  id: DagRunId,
): Promise<readonly Difference[]> => {
  const [known, stored] = [await read(id), await database.dags.inspectRun(id)];
  if (known === null || stored === null) return [];
  const { nodes } = known.index.graph;
  return checkRun(
    known.index,
    stored.run,
    [...nodes.keys()].map((node) => stored.nodes.get(node)!),
  );
};

/**
 * One round of checks, a few open runs further on each time: ends of jobs that no step was told of get their mark again,
 * and what steps have added up is compared with the same from scratch. Both are bugs, and logged as such.
 */
export const createRunChecks = (deps: CheckDependencies): (() => Promise<void>) => {
  const { database, log } = deps;
  const open = { project: null, dag: null, states: ['running'], parent: 'any' } as const;
  let after: string | null = null;
  return async () => {
    const forgotten = await database.dags.markForgotten(marksAtOnce);
    if (forgotten > 0) log.error({ forgotten }, 'ends of jobs had no mark left; their DAG runs go on');
    const page = await database.dags.listRuns(open, { after, limit: runsAtOnce });
    after = page.next;
    for (const { id } of page.items) {
      const differences = await differencesOf(deps, id);
      const context = { run: id, count: differences.length, first: differences.slice(0, toldMost) };
      if (differences.length > 0)
        log.error(context, 'a DAG run is not what its steps should have made of it');
    }
  };
};

/** A round every five minutes, and `wake` after each; returns how to stop. */
export const repeatRunChecks = (
  deps: CheckDependencies & { readonly clock: Clock },
  wake: () => void,
): (() => void) => {
  const { clock, log } = deps;
  const checkRuns = createRunChecks(deps);
  const state = { stopped: false, endTimer: (): void => undefined };
  const arm = (): void => {
    if (!state.stopped) state.endTimer = clock.setTimer(checkEveryMs, check);
  };
  const failed = (error: unknown): void => {
    if (!state.stopped) log.warn({ error: String(error) }, 'DAG runs could not be checked');
  };
  const check = (): void => void checkRuns().then(wake, failed).finally(arm);
  arm();
  return () => {
    state.stopped = true;
    state.endTimer();
  };
};
