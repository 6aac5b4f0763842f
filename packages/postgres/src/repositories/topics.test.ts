import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from '../connection/postgres-store.ts';
import type { Store } from '../connection/sql.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { claimSample, registerSample, sampleContext, sampleJob } from '../testing/samples.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createTopics } from './topics.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let store: Store;
beforeAll(async () => {
  fresh = await freshDatabase();
  store = openPostgres({ url: fresh.url, poolSize: 2, log: silentLog });
});
afterAll(async () => {
  await store.close();
  await fresh.close();
});

/** The first transaction is committed, and the connection lost before its answer came. */
const losingFirstAnswer = (): Store => {
  let lost = false;
  return {
    ...store,
    transaction: async (work) => {
      const answer = await store.transaction(work);
      if (lost) return answer;
      lost = true;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    },
  };
};

test('the auditor leaves a new limit alone while a claim goes on that cannot have seen it', async () => {
  const { queue, topics } = fresh.database;
  const old = new pg.Client({ connectionString: fresh.url });
  await old.connect();
  await old.query('begin isolation level repeatable read');
  await old.query('select 1');
  const limited = topics.setLimit('default', 'new', 2, sampleContext);
  await expect.poll(async () => (await topics.get('default', 'new'))?.limit).toBe(2);
  expect(await queue.auditCounters()).toEqual([]);
  await queue.insertJobs([sampleJob({ topic: 'new' })], sampleContext);
  const owner = await registerSample(fresh.database);
  expect(await claimSample(fresh.database, owner, 'new')).toEqual([]);
  await old.query('commit');
  await old.end();
  await limited;
  expect(await claimSample(fresh.database, owner, 'new')).toHaveLength(1);
});

test('a limit whose first answer was lost counts all the same, and lets jobs through', async () => {
  const { queue, wakeUps } = fresh.database;
  const owner = await registerSample(fresh.database);
  await queue.insertJobs(
    Array.from({ length: 5 }, () => sampleJob({ topic: 'narrow' })),
    sampleContext,
  );
  expect(await claimSample(fresh.database, owner, 'narrow', 1)).toHaveLength(1);
  await createTopics(losingFirstAnswer(), wakeUps).setLimit('default', 'narrow', 3, sampleContext);
  expect(await claimSample(fresh.database, owner, 'narrow')).toHaveLength(2);
  expect(await queue.auditCounters()).toEqual([]);
});
