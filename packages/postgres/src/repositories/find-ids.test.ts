import type { JobId } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from '../connection/postgres-store.ts';
import type { Store } from '../connection/sql.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { sampleContext, sampleJob } from '../testing/samples.ts';
import { silentLog as log } from '../testing/silent-log.ts';
import { findIds } from './find-ids.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let store: Store;
let ids: readonly JobId[];
beforeAll(async () => {
  fresh = await freshDatabase();
  store = openPostgres({ url: fresh.url, poolSize: 2, log });
  const jobs = Array.from({ length: 40 }, () => sampleJob());
  ids = jobs.map(({ id }) => id);
  await fresh.database.queue.insertJobs(jobs, sampleContext);
  // Half of them lie in history, live and finished mixed.
  for (const id of ids.filter((_, at) => at % 2 === 0))
    await fresh.database.queue.requestCancel(id, sampleContext);
});
afterAll(async () => {
  await store.close();
  await fresh.close();
});

const limits = { window: 3, page: 4, budgetMs: 10_000 };

test('every job is found by its end, however old it is, live or finished', async () => {
  for (const id of ids) expect((await findIds(store, id.slice(-8), 5, limits)).ids).toEqual([id]);
});

test('an end that no job has is looked for in all of them', async () => {
  const found = await findIds(store, 'ffff-ffff', 5, limits);
  expect(found).toEqual({ ids: [], looked: ids.length, complete: true });
});

test('a search whose time is over says how far it came', async () => {
  const [oldest = ''] = ids;
  const found = await findIds(store, oldest.slice(-8), 5, { ...limits, budgetMs: 0 });
  expect(found).toEqual({ ids: [], looked: 6, complete: false });
  expect((await findIds(store, oldest, 5, { ...limits, budgetMs: 0 })).ids).toEqual([oldest]);
});
