import { startBackfill } from '@job-orchestrator/operations';
import { openDatabase } from '@job-orchestrator/postgres';
import { freshDatabase, onServer, silentLog } from '@job-orchestrator/postgres/testing';
import type { Database } from '@job-orchestrator/types';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createHarness } from '../testing/run-harness.ts';
import { dueAt, minutesAgo, scheduleOf, schedulerOf } from '../testing/schedule-harness.ts';
import type { Scheduler } from './scheduler.ts';

const context = { actor: 'tester', reason: 'a test' };
const sessions = 4;
const schedules = 3;
const minutes = 20;

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let databases: readonly Database[];
let schedulers: readonly Scheduler[];
beforeAll(async () => {
  fresh = await freshDatabase();
  databases = await Promise.all(
    Array.from({ length: sessions }, () =>
      openDatabase({ kind: 'postgres', url: fresh.url, log: silentLog }),
    ),
  );
  schedulers = databases.map((database) => schedulerOf(createHarness(database)));
});
afterAll(async () => {
  for (const scheduler of schedulers) await scheduler.stop();
  for (const database of databases) await database.close();
  await fresh.close();
});

const rows = async <Row>(text: string): Promise<readonly Row[]> =>
  (await onServer(fresh.url, text)).rows as Row[];

test('four schedulers whose connections are killed in the middle of steps run every time exactly once', async () => {
  const harness = createHarness(fresh.database);
  await harness.start(graphOf([jobNode('one')], { name: 'every' }));
  const names = Array.from({ length: schedules }, (_, at) => `s${at}`);
  const first = minutesAgo(minutes);
  const until = minutesAgo(0);
  for (const name of names)
    await dueAt(fresh.database, scheduleOf('every', { name, overlap: 'allow', catchUp: 'all' }), first);
  const { id } = await startBackfill(
    harness.deps,
    {
      project: 'default',
      dag: 'every',
      schedule: 's0',
      from: '2020-01-01T00:00:00Z',
      to: '2020-01-01T00:19:00Z',
      rerun: 'none',
      inputs: {},
      maxParallel: 100,
    },
    context,
  );
  const state = { done: false, kills: 0 };
  const kill = async (): Promise<void> => {
    while (!state.done) {
      const killed = await rows(`
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'
  and (query like '%schedules%' or query like '%schedule_firings%' or query like '%backfill%' or query like 'insert into dag_runs%')
limit 1`);
      state.kills += killed.length;
      await turn();
    }
  };
  const killing = kill();
  for (const scheduler of schedulers) scheduler.start();
  const started = `select count(*)::integer as n from dag_runs where scheduled_at <= '${until.toISOString()}'`;
  const wanted = schedules * (minutes + 1) + 20;
  await expect
    .poll(async () => (await rows<{ n: number }>(started))[0]?.n, { timeout: 100_000 })
    .toBe(wanted);
  state.done = true;
  await killing;
  expect(state.kills).toBeGreaterThan(0);
  const doubled = `
select schedule_id, scheduled_at from dag_runs where schedule_id is not null
group by schedule_id, scheduled_at having count(*) <> 1`;
  expect(await rows(doubled)).toEqual([]);
  const unmarked = `
select f.run_id from schedule_firings f left join dag_runs r on r.id = f.run_id
where f.outcome = 'started' and r.id is null`;
  expect(await rows(unmarked)).toEqual([]);
  expect(await fresh.database.schedules.getBackfill(id!)).toMatchObject({ times: { total: 20, open: 20 } });
}, 120_000);
