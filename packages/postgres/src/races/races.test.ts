import {
  closed,
  launched,
  newIncarnationId,
  released,
  type Database,
  type LiveAttempt,
} from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../testing/fresh-database.ts';
import {
  claimSample,
  registerSample,
  sampleContext,
  sampleExit,
  sampleJob,
  sampleRuntime,
} from '../testing/samples.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database;
});
afterAll(() => fresh.close());

const succeed = { kind: 'succeed', exit: sampleExit() } as const;
const many = (count: number, topic: string) => Array.from({ length: count }, () => sampleJob({ topic }));

/** A second session of our own, to hold locks with. */
const withClient = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** An executor whose lease outlasts the test, however slow the machine is. */
const registerLong = async (runtimeKey?: string) => {
  const owner = await registerSample(db, runtimeKey);
  await withClient((client) =>
    client.query(
      `update executors set lease_until = clock_timestamp() + interval '1 hour' where incarnation = $1`,
      [owner],
    ),
  );
  return owner;
};

/** Waits until `count` sessions of this database wait for a lock. */
const untilLockWaits = async (client: pg.Client, count = 1): Promise<void> => {
  const waiting = async () => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0]?.n;
  };
  await expect.poll(waiting, { timeout: 10_000, interval: 10 }).toBeGreaterThanOrEqual(count);
};

test('many claimers at once take every job exactly once', async () => {
  const jobs = many(2_000, 'crowd');
  await db.queue.insertJobs(jobs, sampleContext);
  const owners = await Promise.all(Array.from({ length: 8 }, () => registerLong()));
  const claimAll = async (owner: (typeof owners)[number]): Promise<LiveAttempt[]> => {
    const mine: LiveAttempt[] = [];
    for (;;) {
      const batch = await claimSample(db, owner, 'crowd', 37);
      mine.push(...batch);
      if (batch.length === 0) return mine;
    }
  };
  const claimed = (await Promise.all(owners.map(claimAll))).flat();
  expect(claimed).toHaveLength(2_000);
  expect(new Set(claimed.map(({ jobId }) => jobId))).toEqual(new Set(jobs.map(({ id }) => id)));
  expect(new Set(claimed.map(({ id }) => id)).size).toBe(2_000);
});

test('a topic limit is never overshot, in ten thousand samples, with claims, ends and audits side by side', async () => {
  const limit = 7;
  await db.topics.setLimit('default', 'narrow', limit, sampleContext);
  await db.queue.insertJobs(many(400, 'narrow'), sampleContext);
  const progress = { ended: 0 };
  const work = async (): Promise<void> => {
    const owner = await registerLong();
    while (progress.ended < 400) {
      const batch = await claimSample(db, owner, 'narrow', 3);
      const writes = batch.map(({ id }, index) =>
        index === 2 ? released(id, 0, 'again') : closed(id, succeed, null),
      );
      const { stale } = await db.queue.applyWrites(owner, writes);
      expect(stale).toEqual([]);
      progress.ended += writes.filter(({ kind }) => kind === 'closed').length;
    }
  };
  const audit = async (): Promise<void> => {
    while (progress.ended < 400) expect(await db.queue.auditCounters()).toEqual([]);
  };
  const watch = (): Promise<number> =>
    withClient(async (client) => {
      let most = 0;
      for (let sample = 0; sample < 10_000; sample += 1) {
        const { rows } = await client.query<{ n: number }>(
          `select count(*)::int as n from jobs where owner is not null
             and topic_id = (select id from topics where name = 'narrow')`,
        );
        most = Math.max(most, rows[0]?.n ?? 0);
      }
      return most;
    });
  const [most] = await Promise.all([watch(), ...Array.from({ length: 4 }, work), audit()]);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(limit);
  expect(await db.queue.auditCounters()).toEqual([]);
}, 180_000);

test('a limit that is set while claims are under way is exact from then on', async () => {
  await db.queue.insertJobs(many(300, 'suddenly'), sampleContext);
  const owners = await Promise.all(Array.from({ length: 4 }, () => registerLong()));
  const claims = owners.map(async (owner) => {
    for (let turn = 0; turn < 10; turn += 1) await claimSample(db, owner, 'suddenly', 3);
  });
  await db.topics.setLimit('default', 'suddenly', 10, sampleContext);
  await Promise.all(claims);
  expect(await db.queue.auditCounters()).toEqual([]);
});

test('the auditor mends a counter that is wrong', async () => {
  await db.topics.setLimit('default', 'wrong', 2, sampleContext);
  await withClient((client) =>
    client.query(
      `update topic_counters set taken = 2 where topic_id = (select id from topics where name = 'wrong')`,
    ),
  );
  await db.queue.insertJobs(many(3, 'wrong'), sampleContext);
  const owner = await registerLong();
  expect(await claimSample(db, owner, 'wrong')).toEqual([]);
  expect(await db.queue.auditCounters()).toEqual(['wrong']);
  expect(await claimSample(db, owner, 'wrong')).toHaveLength(2);
});

test('a lease that expires while a write waits for a lock is refused', async () => {
  await db.queue.insertJobs(many(2, 'expires'), sampleContext);
  const owner = await registerLong();
  const claimed = await claimSample(db, owner, 'expires');
  const [first] = claimed;
  await withClient(async (client) => {
    await client.query(
      `update executors set lease_until = clock_timestamp() + interval '300 ms' where incarnation = $1`,
      [owner],
    );
    await client.query('begin');
    await client.query('select 1 from jobs where id = $1 for update', [first?.jobId]);
    const write = db.queue.applyWrites(
      owner,
      claimed.map(({ id }) => closed(id, succeed, null)),
    );
    await untilLockWaits(client);
    await client.query(
      `select pg_sleep(extract(epoch from lease_until - clock_timestamp()) + 0.05) from executors where incarnation = $1`,
      [owner],
    );
    await client.query('commit');
    const answer = await write;
    expect(answer.applied).toEqual([]);
    expect(answer.stale).toHaveLength(2);
  });
  expect(await db.history.getJob(claimed[0]!.jobId)).toMatchObject({ state: 'claimed' });
});

test('a cancel that meets the end of its job: one of them wins, and both agree', async () => {
  await db.queue.insertJobs(many(60, 'collide'), sampleContext);
  const owner = await registerLong();
  const claimed = await claimSample(db, owner, 'collide', 60);
  const outcomes = await Promise.all(
    claimed.map(async ({ id, jobId }) => {
      const [answer] = await Promise.all([
        db.queue.requestCancel(jobId, sampleContext),
        db.queue.applyWrites(owner, [closed(id, succeed, null)]),
      ]);
      const record = await db.history.getJob(jobId);
      const events = await db.history.listEvents(jobId, 0, 100);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      return `${answer.kind} ${record?.state}`;
    }),
  );
  for (const outcome of outcomes) expect(['accepted cancelled', 'too_late completed']).toContain(outcome);
});

test('a job and its attempts never disagree, however they change meanwhile', async () => {
  const count = 300;
  await db.queue.insertJobs(many(count, 'snapshot'), sampleContext);
  const owner = await registerLong();
  const claimed = await claimSample(db, owner, 'snapshot', count);
  const end = async ({ id }: LiveAttempt): Promise<void> => {
    await db.queue.applyWrites(owner, [launched(id, { uid: id, name: id })]);
    await db.queue.applyWrites(owner, [closed(id, succeed, null)]);
  };
  const watch = async ({ jobId }: LiveAttempt): Promise<void> => {
    for (;;) {
      const found = await db.history.getJobWithAttempts(jobId);
      const [attempt] = found?.attempts ?? [];
      expect(found?.attempts).toHaveLength(1);
      expect(attempt?.state).toBe(found?.job.attemptState);
      if (found?.job.state === 'completed') return;
    }
  };
  await Promise.all(claimed.map((attempt) => Promise.all([end(attempt), watch(attempt)])));
});

test('attempts of a dead executor go to exactly one of two adopters, marked where their create was unresolved', async () => {
  await db.queue.insertJobs(many(100, 'orphans'), sampleContext);
  const dead = await registerLong('orphanage');
  const claimed = await claimSample(db, dead, 'orphans', 100, 'orphanage');
  await db.queue.applyWrites(
    dead,
    claimed.slice(0, 50).map(({ id }) => launched(id, { uid: id, name: id })),
  );
  const [one, two] = [await registerLong('orphanage'), await registerLong('orphanage')];
  const adopt = (owner: typeof one) => db.queue.adoptAttempts({ owner, runtimeKey: 'orphanage', limit: 40 });
  expect(await adopt(one)).toEqual([]);
  await db.executors.release(dead);
  const adopted: LiveAttempt[] = [];
  for (let turn = 0; turn < 10 && adopted.length < 100; turn += 1) {
    adopted.push(...(await Promise.all([adopt(one), adopt(two)])).flat());
  }
  expect(adopted).toHaveLength(100);
  expect(new Set(adopted.map(({ id }) => id))).toEqual(new Set(claimed.map(({ id }) => id)));
  expect(adopted.filter(({ adoptedWhileLaunching }) => adoptedWhileLaunching)).toHaveLength(50);
  expect(await db.executors.beat(dead, 'nonce-1', 'nonce-2')).toEqual({ kind: 'lost' });
  const stale = await db.queue.applyWrites(dead, [closed(claimed[0]!.id, succeed, null)]);
  expect(stale.applied).toEqual([]);
});

test('an expired executor is adopted from after the server has been up for a lease, and only in its own runtime', async () => {
  await db.queue.insertJobs(many(3, 'expired'), sampleContext);
  const dead = await registerLong('graveyard');
  await claimSample(db, dead, 'expired', 10, 'graveyard');
  await withClient((client) =>
    client.query(
      `update executors set lease_until = clock_timestamp() - interval '1 s' where incarnation = $1`,
      [dead],
    ),
  );
  const elsewhere = await registerSample(db, 'another runtime');
  expect(
    await db.queue.adoptAttempts({ owner: elsewhere, runtimeKey: 'another runtime', limit: 10 }),
  ).toEqual([]);
  const owner = await registerLong('graveyard');
  const adopt = async () =>
    (await db.queue.adoptAttempts({ owner, runtimeKey: 'graveyard', limit: 10 })).length;
  const upMs = await withClient(async (client) => {
    const { rows } = await client.query<{ ms: number }>(
      `select (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::float8 as ms`,
    );
    return rows[0]?.ms ?? 0;
  });
  if (upMs < 8_500) expect(await adopt()).toBe(0);
  await expect.poll(adopt, { timeout: 15_000, interval: 200 }).toBe(3);
});

test('a beat that finds another nonce says that the database went back, and a lost answer is not that', async () => {
  const owner = await registerLong();
  expect(await db.executors.beat(owner, 'nonce-1', 'nonce-2')).toMatchObject({ kind: 'renewed' });
  expect(await db.executors.beat(owner, 'nonce-1', 'nonce-2')).toMatchObject({ kind: 'renewed' });
  expect(await db.executors.beat(owner, 'nonce-1', 'nonce-3')).toEqual({ kind: 'database_went_back' });
  expect(await db.executors.beat(newIncarnationId(), 'a', 'b')).toEqual({ kind: 'database_went_back' });
});

test('writes of many owners over two limited topics, in any order, end without a deadlock', async () => {
  for (const topic of ['left', 'right']) await db.topics.setLimit('default', topic, 1_000, sampleContext);
  const rounds = Array.from({ length: 4 }, async (_, index) => {
    const owner = await registerLong();
    for (let round = 0; round < 6; round += 1) {
      const jobs = [...many(10, 'left'), ...many(10, 'right')];
      await db.queue.insertJobs(index % 2 === 0 ? jobs : jobs.toReversed(), sampleContext);
      const batch = [
        ...(await claimSample(db, owner, 'right', 10)),
        ...(await claimSample(db, owner, 'left', 10)),
      ];
      const writes = batch.map(({ id }, at) =>
        at % 3 === 0 ? released(id, 60_000, 'later') : closed(id, succeed, null),
      );
      await db.queue.applyWrites(owner, index % 2 === 0 ? writes : writes.toReversed());
    }
  });
  await Promise.all(rounds);
  expect(await db.queue.auditCounters()).toEqual([]);
  const deadlocks = await withClient(async (client) => {
    const { rows } = await client.query<{ n: number }>(
      'select deadlocks::int as n from pg_stat_database where datname = current_database()',
    );
    return rows[0]?.n;
  });
  expect(deadlocks).toBe(0);
});

test('a cancel that waits for a claim to commit is accepted, and is asked of the claimed job', async () => {
  const job = sampleJob({ topic: 'claimed-meanwhile' });
  await db.queue.insertJobs([job], sampleContext);
  const owner = await registerLong();
  await withClient(async (client) => {
    await client.query('begin');
    const { rowCount } = await client.query(
      `select from claim_jobs($1, $2, array['claimed-meanwhile'], 1, '{}', '{}', '{}', '{}', '{}')`,
      [owner, sampleRuntime],
    );
    expect(rowCount).toBe(1);
    const cancelled = db.queue.requestCancel(job.id, sampleContext);
    await withClient((watcher) => untilLockWaits(watcher));
    await client.query('commit');
    expect(await cancelled).toEqual({ kind: 'accepted', state: 'claimed' });
  });
  expect((await db.history.listEvents(job.id, 0, 10)).map(({ seq, kind }) => `${seq} ${kind}`)).toEqual([
    '1 submitted',
    '2 claimed',
    '3 cancel_requested',
  ]);
  expect(await db.queue.cancelRequests(owner)).toHaveLength(1);
});
