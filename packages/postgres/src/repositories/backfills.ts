import { jobId, type IdempotencyKey, type ScheduleRepository, type WakeUps } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { takeKey } from '../sql/idempotency-keys.ts';
import * as backfills from '../sql/schedules/backfills.ts';
import { pageOf } from './cursors.ts';
import { findReplay } from './insert-jobs.ts';
import { storeRun } from './store-run.ts';

type Backfills = Pick<
  ScheduleRepository,
  | 'runsOf'
  | 'findBackfillReplay'
  | 'startBackfill'
  | 'getBackfill'
  | 'listBackfills'
  | 'findBackfillIds'
  | 'cancelBackfill'
  | 'dueBackfills'
  | 'fireBackfill'
  | 'finishBackfills'
>;

/** Keys of backfills stand beside those of jobs and runs: one key is one request. */
const replayed = async (sql: Sql, project: string, key: IdempotencyKey): Promise<string | null> =>
  (await findReplay(sql, project, key))?.[0] ?? null;

const startBackfill = async (
  store: Store,
  ...[backfill, project, context, key]: Parameters<ScheduleRepository['startBackfill']>
): Promise<{ id: string; replayed: boolean }> => {
  const { id } = backfill;
  const stored = await store.transaction(async (sql) => {
    // After an answer lost in COMMIT the same backfill comes again, and finds itself.
    if ((await backfills.readBackfill(sql, id)) !== null) return true;
    if (key !== undefined && !(await takeKey(sql, project, key, [jobId(id)]))) return false;
    await backfills.insertBackfill(sql, backfill, context);
    return true;
  });
  if (stored) return { id, replayed: false };
  const earlier = key === undefined ? null : await replayed(store, project, key);
  if (earlier === null) throw new Error('the Idempotency-Key vanished while it was read');
  return { id: earlier, replayed: true };
};

const cancel = async (sql: Sql, id: string, reason: string): Promise<boolean> => {
  const open = await backfills.cancelBackfill(sql, id);
  if (open) await backfills.cancelRuns(sql, id, reason);
  return open;
};

/** One run of a backfill: under its lock, and only while there is room. */
const fire = async (
  sql: Sql,
  ...[id, at, run, context]: Parameters<ScheduleRepository['fireBackfill']>
): Promise<boolean> => {
  if (!(await backfills.lockWithRoom(sql, id))) return false;
  if ('refused' in run) return backfills.noteTime(sql, id, at, null, run.refused);
  if (!(await backfills.noteTime(sql, id, at, run.id, null))) return false;
  await storeRun(sql, run, context);
  return true;
};

/** Backfills of schedules on one database. */
export const createBackfills = (store: Store, wakeUps: WakeUps): Backfills => {
  const inTransaction = <T>(work: (sql: Sql) => Promise<T>): Promise<T> =>
    withRetries('repeatable', () => store.transaction(work));
  return {
    runsOf: (id, times) => withRetries('repeatable', () => backfills.runsOfTimes(store, id, times)),
    findBackfillReplay: (project, key) => withRetries('repeatable', () => replayed(store, project, key)),
    startBackfill: async (...request) => {
      const started = await withRetries('repeatable', () => startBackfill(store, ...request));
      wakeUps.send('schedules');
      return started;
    },
    getBackfill: (id) => withRetries('repeatable', () => backfills.readBackfill(store, id)),
    listBackfills: (project, dag, page) =>
      pageOf(
        page,
        (after, limit) =>
          withRetries('repeatable', () =>
            backfills.listBackfills(store, project, dag, after?.[0] ?? null, limit),
          ),
        ({ id }) => [id],
      ),
    findBackfillIds: (part, limit) =>
      withRetries('repeatable', () => backfills.findBackfillIds(store, part, limit)),
    cancelBackfill: async (id, { reason }) => {
      const open = await inTransaction((sql) => cancel(sql, id, reason));
      wakeUps.send('dags');
      wakeUps.send('schedules');
      return open;
    },
    dueBackfills: (limit) => withRetries('repeatable', () => backfills.dueBackfills(store, limit)),
    fireBackfill: async (...time) => {
      const fired = await inTransaction((sql) => fire(sql, ...time));
      if (fired) wakeUps.send('dags');
      return fired;
    },
    finishBackfills: () => withRetries('repeatable', () => backfills.finishBackfills(store)),
  };
};
