import type { Logger } from '@job-orchestrator/types';
import type { Store } from './connection/sql.ts';
import {
  dropPartition,
  forgetDecisions,
  forgetUnpartitioned,
  hasLiveJobs,
  historyTables,
  oldPartitions,
  type MonthPartition,
} from './sql/old-partitions.ts';

/**
 * Dropping a partition locks its whole table, like making one: it stands in the way of claims only while it waits for long
 * readers, so it waits little, holds one table at a time, and is tried again at the next upkeep. False: a live job is in it.
 */
const dropUnlessLive = (store: Store, partition: MonthPartition): Promise<boolean> =>
  store.transaction(async (sql) => {
    await sql.run({ text: `set local lock_timeout = '500ms'` });
    if (await hasLiveJobs(sql, partition)) return false;
    await dropPartition(sql, partition);
    return true;
  });

const rowsAtOnce = 5_000;

/**
 * Drops the history of jobs that were submitted before the running month and the `months` before it, month by month, each
 * whole, and none that a live job belongs to. What lies in no month's partition (a clock was wrong, upkeep did not run for
 * months) is deleted in pieces.
 */
export const dropOldHistory = async (store: Store, months: number, log: Logger): Promise<void> => {
  for (const partition of await oldPartitions(store, months)) {
    if (await dropUnlessLive(store, partition))
      log.info({ table: partition.name }, `the history of ${partition.month} is over its time and dropped`);
  }
  for (const each of historyTables)
    while ((await forgetUnpartitioned(store, each, months, rowsAtOnce)) === rowsAtOnce);
  while ((await forgetDecisions(store, months, rowsAtOnce)) === rowsAtOnce);
};
