import {
  dagRunId,
  jobId,
  OrchestratorError,
  type DagRepository,
  type DagRunId,
  type IdempotencyKey,
  type NodeRunRecord,
  type Page,
  type PageRequest,
  type WakeUps,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { markExpired } from '../sql/dags/approvals.ts';
import * as change from '../sql/dags/change-runs.ts';
import { cancelChildRuns } from '../sql/dags/child-runs.ts';
import { nextDeadlineMs } from '../sql/dags/next-deadline.ts';
import { dropMarks, dueRuns } from '../sql/dags/due.ts';
import * as runs from '../sql/dags/read-runs.ts';
import { takeKey } from '../sql/idempotency-keys.ts';
import { advanceRun, inspectRun } from './advance-run.ts';
import { answerApproval, approvalPages } from './approvals.ts';
import { pageOf } from './cursors.ts';
import { createDagDefinitions } from './dag-definitions.ts';
import { findReplay } from './insert-jobs.ts';
import type { QueueDepths } from './queue-depths.ts';
import { storeRun } from './store-run.ts';

/** Keys of runs stand beside those of jobs: one key is one request, whatever it asked for. */
const replayedRun = async (sql: Sql, project: string, key: IdempotencyKey): Promise<DagRunId | null> => {
  const ids = await findReplay(sql, project, key);
  return ids?.[0] === undefined ? null : dagRunId(ids[0]);
};

const startRun = async (
  store: Store,
  ...[run, context, key]: Parameters<DagRepository['startRun']>
): Promise<{ id: DagRunId; replayed: boolean }> => {
  const stored = await store.transaction(async (sql) => {
    // After an answer lost in COMMIT the same run comes again, and finds itself.
    if ((await runs.readSetup(sql, run.id)) !== null) return true;
    if (key !== undefined && !(await takeKey(sql, run.project, key, [jobId(run.id)]))) return false;
    await storeRun(sql, run, context);
    return true;
  });
  if (stored) return { id: run.id, replayed: false };
  const earlier = key === undefined ? null : await replayedRun(store, run.project, key);
  if (earlier === null) throw new Error('the Idempotency-Key vanished while it was read');
  return { id: earlier, replayed: true };
};

const pauseRun = (store: Store, id: DagRunId, paused: boolean): Promise<change.RunChange | null> =>
  store.transaction(async (sql) => {
    const found = await change.pauseRun(sql, id, paused);
    await change.markChildren(sql, id);
    return found;
  });

const answered = (id: DagRunId, found: change.RunChange | null) => {
  if (found === null) throw new OrchestratorError('dag_run_not_found', `There is no DAG run ${id}.`);
  return { kind: found.changed ? 'accepted' : 'too_late', state: found.state } as const;
};

const nodePage = (
  page: PageRequest,
  read: (behind: readonly [number, number], limit: number) => Promise<readonly NodeRunRecord[]>,
): Promise<Page<NodeRunRecord>> =>
  pageOf(
    page,
    (after, limit) => {
      const [node = '-1', item = '-1'] = after ?? [];
      return read(after === null ? [-1, -1] : [Number(node) || 0, Number(item) || 0], limit);
    },
    ({ node, item }) => [String(node), String(item ?? -1)],
    ['name', 'name'],
  );

const reads = (store: Store) =>
  ({
    findRunReplay: (project, key) => withRetries('repeatable', () => replayedRun(store, project, key)),
    getRun: (id) => withRetries('repeatable', () => runs.readRun(store, id)),
    findRunIds: (part, limit) => withRetries('repeatable', () => runs.findRunIds(store, part, limit)),
    latestRunId: async () => {
      const all = { project: null, dag: null, states: null, parent: 'top' } as const;
      const [run] = await withRetries('repeatable', () => runs.listRuns(store, all, null, 1));
      return run?.id ?? null;
    },
    listRuns: (filter, page) =>
      pageOf(
        page,
        (after, limit) =>
          withRetries('repeatable', () => runs.listRuns(store, filter, after?.[0] ?? null, limit)),
        ({ id }) => [id],
      ),
    listNodeRuns: (id, page) =>
      nodePage(page, (behind, limit) =>
        withRetries('repeatable', () => runs.listNodeRuns(store, id, behind, limit)),
      ),
    listNodeNews: (id, since, page) =>
      nodePage(page, (behind, limit) =>
        withRetries('repeatable', () => runs.listNodeNews(store, id, behind, limit, since)),
      ),
    lastNodeEnd: (id) => withRetries('repeatable', () => runs.lastNodeEnd(store, id)),
    listApprovals: approvalPages(store),
    getSetup: (id) => withRetries('repeatable', () => runs.readSetup(store, id)),
    dueRuns: (limit) => withRetries('repeatable', () => dueRuns(store, limit)),
    jobsToCancel: (limit) => withRetries('repeatable', () => change.jobsToCancel(store, limit)),
  }) satisfies Partial<DagRepository>;

/** DAGs and their runs on one database. */
export const createDags = (store: Store, wakeUps: WakeUps, depths: QueueDepths): DagRepository => {
  const waking = async <T>(work: Promise<T>): Promise<T> => {
    const answer = await work;
    wakeUps.send('dags');
    return answer;
  };
  return {
    ...createDagDefinitions(store),
    ...reads(store),
    startRun: (run, context, key) =>
      waking(withRetries('repeatable', () => startRun(store, run, context, key))),
    requestCancelRun: (id, context) =>
      waking(
        // A cancel that was lost and came again would count as the second, which ends the final nodes too.
        withRetries('once', () => change.cancelRun(store, id, context)).then((found) => answered(id, found)),
      ),
    setRunPaused: (id, paused) =>
      waking(
        withRetries('repeatable', () => pauseRun(store, id, paused)).then((found) => answered(id, found)),
      ),
    answerApproval: (...request) =>
      waking(withRetries('repeatable', () => store.transaction((sql) => answerApproval(sql, ...request)))),
    advanceRun: async (id, plan, topics) => {
      const { answer, started } = await withRetries('repeatable', () =>
        store.transaction((sql) => advanceRun(sql, id, plan, { depths, topics: topics ?? null })),
      );
      if (started) wakeUps.send('jobs');
      if (answer === 'advanced') wakeUps.send('dags');
      return answer;
    },
    forgetRun: (id) => withRetries('repeatable', () => dropMarks(store, id)),
    inspectRun: (id) => withRetries('repeatable', () => store.transaction((sql) => inspectRun(sql, id))),
    markForgotten: (limit) => withRetries('repeatable', () => change.markForgotten(store, limit)),
    markOverdue: (limit) =>
      withRetries('repeatable', async () => {
        const overdue = await change.markOverdue(store, limit);
        return overdue + (await markExpired(store, limit));
      }),
    nextDeadlineMs: () => withRetries('repeatable', () => nextDeadlineMs(store)),
    cancelChildRuns: (limit) => withRetries('repeatable', () => cancelChildRuns(store, limit)),
  };
};
