import type { Logger } from '@job-orchestrator/types';
import { withRetries } from './connection/retry.ts';
import type { Sql, Store } from './connection/sql.ts';
import { ensurePartitions } from './migrate/apply.ts';
import { dropOldHistory, dropOldRuns } from './retention.ts';
import { forgetStrayOutputs } from './sql/attempt-outputs.ts';
import { forgetExecutors, forgetObjects } from './sql/executors.ts';
import { forgetKeys } from './sql/idempotency-keys.ts';
import { analyze, filledSince } from './sql/statistics.ts';

/**
 * A new partition locks its whole table. It stands in the way of claims only for as long as it waits for long readers
 * (a dump), so it waits little; it is made months ahead, and tried again.
 */
const partitionsAhead = (store: Store): Promise<void> =>
  store.transaction(async (sql) => {
    await sql.run({ text: `set local lock_timeout = '500ms'` });
    await ensurePartitions(sql);
  });

/**
 * An ANALYZE before a month begins says that its partition is empty, and statements planned then search through it, job by
 * job. Autovacuum mends that within a minute, where it is on and keeps up; this does it in any case.
 */
const analyzeFilled = async (store: Store): Promise<void> => {
  for (const partition of await filledSince(store)) await analyze(store, partition);
};

const keysAtOnce = 5_000;

/** In small pieces, so that no request that takes a key again waits long. */
const expiredKeys = async (sql: Sql): Promise<void> => {
  while ((await forgetKeys(sql, keysAtOnce)) === keysAtOnce);
};

/** What upkeep keeps. `historyMonths`: full months of history before the running one; null: all. */
export interface UpkeepSettings {
  readonly historyMonths: number | null;
  readonly log: Logger;
}

type Task = (store: Store, settings: UpkeepSettings) => Promise<void>;

const oldHistory: Task = async (store, { historyMonths, log }) => {
  if (historyMonths !== null) await dropOldHistory(store, historyMonths, log);
};

const oldRuns: Task = async (store, { historyMonths }) => {
  if (historyMonths !== null) await dropOldRuns(store, historyMonths);
};

const tasks: readonly Task[] = [
  partitionsAhead,
  analyzeFilled,
  oldRuns,
  oldHistory,
  expiredKeys,
  forgetExecutors,
  forgetObjects,
  forgetStrayOutputs,
];

/** PGlite has neither autovacuum nor automatic checkpoints: its log and its dead rows would only grow. */
const embeddedTasks: readonly Task[] = [
  ...tasks,
  async (store) => void (await store.run({ text: 'vacuum (analyze)' })),
  async (store) => void (await store.run({ text: 'checkpoint' })),
];

/** One after the other; what fails does not stop the next. Throws the first error when all had their turn. */
const runAll = async (store: Store, settings: UpkeepSettings, all: readonly Task[]): Promise<void> => {
  const errors: unknown[] = [];
  for (const task of all)
    await withRetries('repeatable', () => task(store, settings)).catch((error: unknown) =>
      errors.push(error),
    );
  if (errors.length > 0) throw errors[0];
};

/** The upkeep that both databases need; each task in transactions of its own, safe in many processes at once. */
export const maintain = (store: Store, settings: UpkeepSettings): Promise<void> =>
  runAll(store, settings, tasks);

/** The upkeep of an embedded database. */
export const maintainEmbedded = (store: Store, settings: UpkeepSettings): Promise<void> =>
  runAll(store, settings, embeddedTasks);
