import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  closed,
  failure,
  jobId,
  launched,
  type Database,
  type JobId,
  type LiveAttempt,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbedded } from './embedded/open-embedded.ts';
import { embeddedDatabase, openDatabase } from './open-database.ts';
import { freshDatabaseUrl, onServer } from './testing/fresh-database.ts';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from './testing/samples.ts';
import { silentLog as log } from './testing/silent-log.ts';

const historyMonths = 12;
const months = "select ensure_partitions('2021-01-01', 3)";

interface Opened {
  readonly database: Database;
  /** Runs a statement beside the repositories. */
  readonly sql: (text: string) => Promise<readonly unknown[]>;
  readonly close: () => Promise<void>;
}

const openServer = async (): Promise<Opened & { url: string }> => {
  const url = await freshDatabaseUrl();
  await onServer(url, months);
  const database = await openDatabase({ kind: 'postgres', url, log, historyMonths });
  const sql = async (text: string): Promise<readonly unknown[]> => (await onServer(url, text)).rows;
  return { database, url, sql, close: () => database.close() };
};

const kinds: Readonly<Record<string, () => Promise<Opened>>> = {
  PostgreSQL: openServer,
  PGlite: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'jo-retention-'));
    const store = await openEmbedded(dataDir, log);
    await store.run({ text: months });
    const database = embeddedDatabase(store, { log, historyMonths });
    const close = async (): Promise<void> => {
      await database.close();
      rmSync(dataDir, { recursive: true });
    };
    return { database, sql: (text) => store.run({ text }), close };
  },
};

let serial = 0;
/** The id of a job that was submitted at this moment. */
const idAt = (at: string): JobId => {
  const ms = Date.parse(at).toString(16).padStart(12, '0');
  serial += 1;
  return jobId(`${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${String(serial).padStart(12, '0')}`);
};

const monthsAgo = (count: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 15)).toISOString();
};

const closeIt = async (database: Database, attempt: LiveAttempt, owner: LiveOwner): Promise<void> => {
  const logTail = { bytes: new TextEncoder().encode('the end'), totalBytes: 7, extent: 'exact' } as const;
  const decision = { kind: 'succeed', exit: sampleExit() } as const;
  const writes = [
    launched(attempt.id, { uid: attempt.id, name: 'n' }),
    closed(attempt.id, decision, logTail),
  ];
  // Its lease may be over on a slow machine.
  await database.executors.beat(owner, 'nonce-1', 'nonce-1');
  for (const write of writes) await database.queue.applyWrites(owner, [write]);
};
type LiveOwner = Awaited<ReturnType<typeof registerSample>>;

/** Submits jobs at these moments, and claims them. */
const claimedAt = async (database: Database, topic: string, ...moments: readonly string[]) => {
  const jobs = moments.map((at) => sampleJob({ id: idAt(at), topic }));
  await database.queue.insertJobs(jobs, sampleContext);
  const owner = await registerSample(database);
  const attempts = await claimSample(database, owner, topic, moments.length);
  return { owner, attempts: attempts.toSorted((one, other) => (one.jobId < other.jobId ? -1 : 1)) };
};

const remains = async ({ history }: Database, { id, jobId: job }: LiveAttempt) => ({
  job: (await history.getJob(job)) !== null,
  attempts: (await history.listAttempts(job)).length,
  events: (await history.listEvents(job, 1, 100)).length > 0,
  log: (await history.getLogTail(job, id)) !== null,
});
const all = { job: true, attempts: 1, events: true, log: true };
const nothing = { job: false, attempts: 0, events: false, log: false };

describe.each(Object.entries(kinds))('on %s', (_kind, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  /** As if these jobs had ended at the moments at which they were submitted. */
  const endedWhenSubmitted = async (
    attempts: readonly LiveAttempt[],
    moments: readonly string[],
  ): Promise<void> => {
    const cases = attempts.map(({ jobId: id }, at) => `when '${id}' then '${moments[at]}'::timestamptz`);
    const ids = attempts.map(({ jobId: id }) => `'${id}'`);
    await opened.sql(
      `update finished_jobs set finished_at = case id ${cases.join(' ')} end where id in (${ids.join(',')})`,
    );
  };

  /** Of how many of these jobs it is still known what was submitted. */
  const submittedIn = async (attempts: readonly LiveAttempt[]): Promise<number> => {
    const ids = attempts.map(({ jobId: id }) => `'${id}'`);
    return (await opened.sql(`select 1 from job_specs where id in (${ids.join(',')})`)).length;
  };

  test('months past their time are dropped with attempts, events and logs; younger ones and those of live jobs stay', async () => {
    const { database } = opened;
    const left = () => Promise.all(attempts.map((attempt) => remains(database, attempt)));
    const moments = [
      '2021-01-31T23:59:59.999Z',
      '2021-02-01T00:00:00.000Z',
      '2021-02-28T23:59:59.999Z',
      monthsAgo(13),
      monthsAgo(12),
      monthsAgo(0),
    ];
    const { owner, attempts } = await claimedAt(database, 'months', ...moments);
    const live = attempts[2] as LiveAttempt;
    for (const attempt of attempts) if (attempt !== live) await closeIt(database, attempt, owner);
    await endedWhenSubmitted(attempts, moments);
    await database.maintain();
    const alive = { job: true, attempts: 1, events: true, log: false };
    // The fourth lay in no month of its own, but in the default partitions.
    expect(await left()).toEqual([nothing, all, alive, nothing, all, all]);
    await closeIt(database, live, owner);
    await database.maintain();
    // It ended just now: its history goes by its end, and with it its month stays.
    expect(await left()).toEqual([nothing, all, all, nothing, all, all]);
    await endedWhenSubmitted([live], [moments[2] as string]);
    const submitted = () => submittedIn(attempts);
    expect(await submitted()).toBe(4);
    await database.maintain();
    expect(await left()).toEqual([nothing, nothing, nothing, nothing, all, all]);
    expect(await submitted()).toBe(2);
  });

  test('a job outside of all months that waited for years keeps its history after its end', async () => {
    const moment = '2019-07-07T00:00:00.000Z';
    const { database } = opened;
    const { owner, attempts } = await claimedAt(database, 'waited', moment);
    const [waited] = attempts as [LiveAttempt];
    await closeIt(database, waited, owner);
    await database.maintain();
    expect(await remains(database, waited)).toEqual(all);
    await endedWhenSubmitted(attempts, [moment]);
    await database.maintain();
    expect(await remains(database, waited)).toEqual(nothing);
  });

  test('what was decided about a dead letter goes with its history', async () => {
    const { database } = opened;
    const { owner, attempts } = await claimedAt(database, 'decided', monthsAgo(13), monthsAgo(1));
    const failed = {
      kind: 'fail',
      failure: failure('exit_code', 'x'),
      lost: false,
      exit: sampleExit(),
    } as const;
    for (const { id } of attempts) await database.queue.applyWrites(owner, [closed(id, failed, null)]);
    const jobs = attempts.map((attempt) => attempt.jobId);
    expect((await database.deadLetters.discard(jobs, sampleContext)).size).toBe(2);
    await endedWhenSubmitted(attempts, [monthsAgo(13), monthsAgo(1)]);
    await database.maintain();
    const left = await Promise.all(jobs.map((job) => database.deadLetters.decision(job)));
    expect(left.map((decision) => decision?.kind)).toEqual([undefined, 'discarded']);
  });

  test('a live job that lies outside of all months keeps its events', async () => {
    const { database } = opened;
    const { owner, attempts } = await claimedAt(database, 'outside', '2019-05-05T00:00:00.000Z');
    const [live] = attempts as [LiveAttempt];
    await database.maintain();
    expect(await remains(database, live)).toMatchObject({ job: true, events: true });
    await closeIt(database, live, owner);
    expect(await remains(database, live)).toEqual(all);
  });
});

test('a long reader puts the drop off and does not hold claims up', async () => {
  const { database, url, close } = await openServer();
  const reader = new pg.Client({ connectionString: url });
  await reader.connect();
  await reader.query('begin');
  await reader.query('select count(*) from events_2021_03');
  const owner = await registerSample(database);
  await database.queue.insertJobs([sampleJob({ topic: 'meanwhile' })], sampleContext);
  const drop = database.maintain();
  const before = performance.now();
  expect(await claimSample(database, owner, 'meanwhile')).toHaveLength(1);
  expect(performance.now() - before).toBeLessThan(2_000);
  await expect(drop).rejects.toMatchObject({ code: '55P03' });
  await reader.query('commit');
  await reader.end();
  await database.maintain();
  const found = await onServer(url, "select relname from pg_class where relname like '%_2021_%'");
  expect(found.rows).toEqual([]);
  await close();
});
