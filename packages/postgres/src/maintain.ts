import { withRetries } from './connection/retry.ts';
import type { Sql, Store } from './connection/sql.ts';
import { ensurePartitions } from './migrate/apply.ts';
import { forgetExecutors, forgetObjects } from './sql/executors.ts';
import { forgetKeys } from './sql/idempotency-keys.ts';

const tasks: readonly ((sql: Sql) => Promise<void>)[] = [
  ensurePartitions,
  forgetKeys,
  forgetExecutors,
  forgetObjects,
];

/** The upkeep that both databases need; each task in a transaction of its own. */
export const maintain = async (store: Store): Promise<void> => {
  for (const task of tasks) await withRetries('repeatable', () => task(store));
};

/** PGlite has neither autovacuum nor automatic checkpoints: its log and its dead rows would only grow. */
export const maintainEmbedded = async (store: Store): Promise<void> => {
  await maintain(store);
  await store.run({ text: 'vacuum (analyze)' });
  await store.run({ text: 'checkpoint' });
};
