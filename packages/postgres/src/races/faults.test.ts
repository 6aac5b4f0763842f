import { randomUUID } from 'node:crypto';
import { closed, type Database } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migratePostgres } from '../migrate/migrate-postgres.ts';
import { openDatabase } from '../open-database.ts';
import { emptyDatabaseUrl, freshDatabase, observer, onServer } from '../testing/fresh-database.ts';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { silentLog } from '../testing/silent-log.ts';
import { wakeUpKinds } from '../wake-ups/subscribers.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database;
});
afterAll(() => fresh.close());

const endSessions = () =>
  onServer(
    fresh.url,
    `select count(pg_terminate_backend(pid)) from pg_stat_activity
     where datname = current_database() and application_name = 'job-orchestrator'`,
  );

test('while sessions are ended again and again, every acknowledged job exists once, and no job twice', async () => {
  const ending = { over: false };
  const disturb = async () => {
    for (let turn = 0; turn < 30; turn += 1) await endSessions();
    ending.over = true;
  };
  const acknowledged: string[] = [];
  const submit = async () => {
    while (!ending.over) {
      const job = sampleJob({ topic: 'disturbed' });
      const key = { key: randomUUID(), fingerprint: 'a' };
      const answer = await db.queue
        .insertJobs([job], sampleContext, acknowledged.length % 2 === 0 ? key : undefined)
        .catch((error: { code?: string }) => {
          expect(error.code).toBe('database_unavailable');
          return null;
        });
      if (answer !== null) acknowledged.push(...answer.ids);
    }
  };
  await Promise.all([disturb(), submit(), submit(), submit()]);
  expect(new Set(acknowledged).size).toBe(acknowledged.length);
  for (const id of acknowledged)
    expect(await db.history.getJob(id as never)).toMatchObject({ state: 'pending' });
});

test('an end whose answer was lost is applied, not stale', async () => {
  const owner = await registerSample(db);
  await db.queue.insertJobs(
    Array.from({ length: 40 }, () => sampleJob({ topic: 'lost-answer' })),
    sampleContext,
  );
  const claimed = await claimSample(db, owner, 'lost-answer', 40);
  const writes = claimed.map(({ id }) => closed(id, { kind: 'succeed', exit: sampleExit() }, null));
  const [answer] = await Promise.all([db.queue.applyWrites(owner, writes), endSessions()]);
  expect(answer).toEqual({
    applied: expect.arrayContaining(claimed.map(({ id }) => id)) as unknown,
    stale: [],
  });
});

test('after its sessions were ended the listener wakes everybody, and hears again', async () => {
  const woken: string[] = [];
  const stop = db.wakeUps.subscribe((kind) => woken.push(kind));
  await endSessions();
  await expect.poll(() => new Set(woken).size, { timeout: 15_000 }).toBe(wakeUpKinds.length);
  woken.length = 0;
  await expect.poll(() => (db.wakeUps.send('finished'), woken), { timeout: 10_000 }).toContain('finished');
  stop();
});

test('a full topic refuses more, and names its limit', async () => {
  const small = await openDatabase({ kind: 'postgres', url: fresh.url, log: silentLog, queueDepthMost: 5 });
  const jobs = (count: number) => Array.from({ length: count }, () => sampleJob({ topic: 'full' }));
  await small.queue.insertJobs(jobs(3), sampleContext);
  await expect(small.queue.insertJobs(jobs(3), sampleContext)).rejects.toMatchObject({
    code: 'queue_full',
    message: expect.stringContaining('limit of 5') as string,
  });
  await small.queue.insertJobs(jobs(2), sampleContext);
  await expect(small.queue.insertJobs(jobs(1), sampleContext)).rejects.toMatchObject({ code: 'queue_full' });
  await small.close();
});

test('claims that skip what is claimed already still find a job that a slow transaction left behind', async () => {
  const owner = await registerSample(db);
  const early = sampleJob({ topic: 'behind', runAt: new Date(Date.now() - 60_000) });
  await db.queue.insertJobs(
    Array.from({ length: 30 }, () => sampleJob({ topic: 'behind' })),
    sampleContext,
  );
  expect(await claimSample(db, owner, 'behind', 5)).toHaveLength(5);
  await db.queue.insertJobs([early], sampleContext);
  const claimOne = async () => (await claimSample(db, owner, 'behind', 1)).map(({ jobId }) => jobId);
  await expect.poll(claimOne, { timeout: 15_000, interval: 1 }).toEqual([early.id]);
});

/** The url of an account that may connect, and nothing else. */
/** A session whose next statement on jobs waits for longer than the database lets it. */
const withJobsLocked = async (use: () => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: fresh.url, application_name: observer });
  await client.connect();
  await client.query('begin; lock table jobs in access exclusive mode');
  await use();
  await client.end();
};

test('a database that is there and cannot is named as what it is, and nothing was stored', async () => {
  const limit = (value: string) =>
    onServer(
      fresh.url,
      `alter database ${new URL(fresh.url).pathname.slice(1)} set statement_timeout = ${value}`,
    );
  await limit(`'50ms'`);
  await endSessions();
  const job = sampleJob();
  await withJobsLocked(() =>
    expect(db.queue.insertJobs([job], sampleContext)).rejects.toMatchObject({
      code: 'database_unavailable',
      message: expect.stringMatching(/could not do it: .*statement timeout/) as string,
    }),
  );
  // On a busy machine 50 ms are too short for any statement.
  await limit('default');
  await endSessions();
  expect(await db.history.getJob(job.id)).toBeNull();
});

const strangerTo = async (url: string): Promise<string> => {
  const stranger = new URL(url);
  stranger.username = `stranger_${randomUUID().slice(0, 8)}`;
  stranger.password = 'secret';
  await onServer(url, `create role ${stranger.username} login password 'secret'`);
  return stranger.href;
};

test('a right that is missing is no database that is down: it is named, with what to grant', async () => {
  const stranger = await strangerTo(fresh.url);
  const account = new URL(stranger).username;
  const open = () => openDatabase({ kind: 'postgres', url: stranger, log: silentLog });
  await expect(open()).rejects.toMatchObject({
    code: 'database_right_missing',
    message: expect.stringMatching(
      /denied for table schema_migrations; .*GRANT select, .* on table/,
    ) as string,
  });
  await onServer(fresh.url, `grant all on all tables in schema public to ${account}`);
  await onServer(fresh.url, `revoke all on topics from ${account}`);
  const limited = await open();
  await expect(limited.topics.list(null)).rejects.toMatchObject({ code: 'database_right_missing' });
  expect(await limited.images.list(null, { after: null, limit: 1 })).toMatchObject({ items: [] });
  await limited.close();
  const url = await strangerTo(await emptyDatabaseUrl());
  await expect(migratePostgres({ url, log: silentLog })).rejects.toMatchObject({
    code: 'database_right_missing',
    message: expect.stringContaining('GRANT usage, create on schema public TO') as string,
  });
});
