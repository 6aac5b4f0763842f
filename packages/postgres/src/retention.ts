import type { Logger } from '@job-orchestrator/types';
import type { Store } from './connection/sql.ts';
import { forgetBackfills, forgetFirings, forgetNodeRuns, forgetRun, oldRuns } from './sql/old-runs.ts';
import {
  dropPartition,
  forgetDecisions,
  forgetUnpartitioned,
  hasLiveJobs,
  hasYoungEnds,
  historyTables,
  oldPartitions,
  type MonthPartition,
} from './sql/old-partitions.ts';

/**
 * Dropping a partition locks its whole table, like making one: it stands in the way of claims only while it waits for long
 * readers, so it waits little, holds one table at a time, and is tried again at the next upkeep. False: a live job is in it.
 */
const dropUnlessLive = async (store: Store, partition: MonthPartition, months: number): Promise<boolean> => {
  // Once nothing of the month lives, no end comes to it any more: what is read here, before the lock, stays true.
  if ((await hasLiveJobs(store, partition)) || (await hasYoungEnds(store, partition, months))) return false;
  return store.transaction(async (sql) => {
    await sql.run({ text: `set local lock_timeout = '500ms'` });
    if (await hasLiveJobs(sql, partition)) return false;
    await dropPartition(sql, partition);
    return true;
  });
};

const rowsAtOnce = 5_000;

/**
 * Drops the history of jobs that ended before the running month and the `months` before it: a month of submissions
 * whole, once its last job ended so long ago, and none that a live job or an open DAG run belongs to. What lies in no
 * month's partition (a clock was wrong, upkeep did not run for months) is deleted in pieces.
 */
export const dropOldHistory = async (store: Store, months: number, log: Logger): Promise<void> => {
  for (const partition of await oldPartitions(store, months)) {
    if (await dropUnlessLive(store, partition, months))
      log.info({ table: partition.name }, `the history of ${partition.month} is over its time and dropped`);
  }
  for (const each of historyTables)
    while ((await forgetUnpartitioned(store, each, months, rowsAtOnce)) === rowsAtOnce);
  while ((await forgetDecisions(store, months, rowsAtOnce)) === rowsAtOnce);
};

const runsAtOnce = 100;

/** A run may have 200,000 node runs: they go in pieces, each in a statement of its own, and the run after them. */
const dropRun = async (store: Store, run: string): Promise<void> => {
  while ((await forgetNodeRuns(store, run, rowsAtOnce)) === rowsAtOnce);
  await forgetRun(store, run);
};

/** Deletes DAG runs that ended before the months that are kept, and what schedules and backfills noted then. */
export const dropOldRuns = async (store: Store, months: number): Promise<void> => {
  for (let runs = await oldRuns(store, months, runsAtOnce); runs.length > 0;) {
    for (const run of runs) await dropRun(store, run);
    runs = await oldRuns(store, months, runsAtOnce);
  }
  while ((await forgetFirings(store, months, rowsAtOnce)) === rowsAtOnce);
  while ((await forgetBackfills(store, months, runsAtOnce)) === runsAtOnce);
};
