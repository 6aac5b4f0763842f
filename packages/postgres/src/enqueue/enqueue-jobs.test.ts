import type { Database } from '@job-orchestrator/types';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../testing/fresh-database.ts';
import { sampleContext, sampleJob } from '../testing/samples.ts';
import { enqueueJobs } from './enqueue-jobs.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database;
});
afterAll(() => fresh.close());

test('jobs enqueued in a transaction of pg exist when it commits, and not when it rolls back', async () => {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  const [kept, dropped] = [sampleJob({ topic: 'pg' }), sampleJob({ topic: 'pg' })];
  await client.query('begin');
  const { ids, wake } = await enqueueJobs(client, [kept], sampleContext);
  expect(ids).toEqual([kept.id]);
  expect(await db.history.getJob(kept.id)).toBeNull();
  await client.query('commit');
  expect(await db.history.getJob(kept.id)).toMatchObject({ state: 'pending', createdBy: 'tester' });
  await client.query('begin');
  await enqueueJobs(client, [dropped], sampleContext);
  await client.query('rollback');
  expect(await db.history.getJob(dropped.id)).toBeNull();
  const woken: string[] = [];
  const stop = db.wakeUps.subscribe((kind) => woken.push(kind));
  await expect.poll(async () => (await wake(), woken), { timeout: 10_000 }).toContain('jobs');
  stop();
  await client.end();
});

test('jobs enqueued in a Kysely transaction exist when it commits, and not when it rolls back', async () => {
  const pool = new pg.Pool({ connectionString: fresh.url, max: 1 });
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  const [kept, dropped] = [sampleJob({ topic: 'kysely' }), sampleJob({ topic: 'kysely-new' })];
  const enqueued = await kysely.transaction().execute((trx) => enqueueJobs(trx, [kept], sampleContext));
  await enqueued.wake(kysely);
  expect(await db.history.getJob(kept.id)).toMatchObject({ state: 'pending' });
  const undone = kysely.transaction().execute(async (trx) => {
    await enqueueJobs(trx, [dropped], sampleContext);
    throw new Error('changed my mind');
  });
  await expect(undone).rejects.toThrow('changed my mind');
  expect(await db.history.getJob(dropped.id)).toBeNull();
  expect(await db.topics.get('default', 'kysely-new')).toBeNull();
  await kysely.destroy();
});

/** Enqueues one job in each of these topics, the first and the last 2,000 jobs apart, in a transaction of its own. */
const enqueueApart = async (first: string, last: string): Promise<void> => {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  const between = Array.from({ length: 2_000 }, () => sampleJob({ topic: first }));
  try {
    await client.query('begin');
    await enqueueJobs(client, [...between, sampleJob({ topic: last })], sampleContext);
    await client.query('commit');
  } finally {
    await client.end();
  }
};

test('two big batches that make the same topics in opposite order do not wait for each other in a circle', async () => {
  for (let round = 0; round < 3; round += 1) {
    const [one, other] = [`one-${round}`, `other-${round}`];
    await Promise.all([enqueueApart(one, other), enqueueApart(other, one)]);
  }
});
