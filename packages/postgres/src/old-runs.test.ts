import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database, DagRunId } from '@job-orchestrator/types';
import { newDagRunId } from '@job-orchestrator/types';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbedded } from './embedded/open-embedded.ts';
import { embeddedDatabase, openDatabase } from './open-database.ts';
import { freshDatabaseUrl, onServer } from './testing/fresh-database.ts';
import { sampleContext } from './testing/samples.ts';
import { silentLog as log } from './testing/silent-log.ts';

const historyMonths = 3;

type Rows = readonly Readonly<Record<string, unknown>>[];
interface Opened {
  readonly database: Database;
  readonly sql: (text: string) => Promise<Rows>;
  readonly close: () => Promise<void>;
}

const kinds: Readonly<Record<string, () => Promise<Opened>>> = {
  PostgreSQL: async () => {
    const url = await freshDatabaseUrl();
    const database = await openDatabase({ kind: 'postgres', url, log, historyMonths });
    const sql = async (text: string): Promise<Rows> => (await onServer(url, text)).rows as Rows;
    return { database, sql, close: () => database.close() };
  },
  PGlite: async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'jo-old-runs-'));
    const store = await openEmbedded(dataDir, log);
    const database = embeddedDatabase(store, { log, historyMonths });
    const close = async (): Promise<void> => {
      await database.close();
      rmSync(dataDir, { recursive: true });
    };
    return { database, sql: (text) => store.run({ text }), close };
  },
};

const graph = {
  format: 1,
  name: 'old',
  project: 'default',
  description: null,
  inputs: {},
  outputs: {},
  outputReads: [],
  maxParallel: null,
  deadlineSeconds: 60,
  failFast: false,
  groups: [],
  nodes: [],
} as const;

describe.each(Object.entries(kinds))('on %s', (_kind, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
    await opened.database.dags.apply(
      { project: 'default', name: 'old', digest: 'd', document: {}, graph },
      sampleContext,
    );
  });
  afterAll(() => opened.close());

  /** A run with node runs that ended so long ago; null: it goes on. */
  const runEnded = async (ago: string | null, nodes = 3): Promise<DagRunId> => {
    const id = newDagRunId();
    const ended = ago === null ? 'null' : `clock_timestamp() - interval '${ago}'`;
    await opened.sql(`
with run as (
  insert into dag_runs (id, dag_id, version, state, inputs, images, progress, created_at, created_by, reason, deadline_at, finished_at)
  select '${id}', id, 1, '${ago === null ? 'running' : 'completed'}', '{}', '{}', '{}', clock_timestamp() - interval '5 years', 'x', 'x', clock_timestamp(), ${ended}
  from dags where name = 'old' returning id)
insert into node_runs (run_id, node, item, name, state) select run.id, n, -1, 'n', 'waiting' from run, generate_series(0, ${nodes - 1}) n`);
    return id;
  };
  const left = async (): Promise<unknown> =>
    (
      await opened.sql(`
select array(select id::text from dag_runs order by id) as runs,
  array(select distinct run_id::text from node_runs order by 1) as nodes`)
    )[0];

  test('runs that ended before the months that are kept go with their nodes; open ones never do', async () => {
    await runEnded('5 months');
    await runEnded('1 year', 12_000);
    const kept = [await runEnded('1 month'), await runEnded(null)];
    await opened.database.maintain();
    expect(await left()).toEqual({ runs: kept, nodes: kept });
    const { items } = await opened.database.dags.list(null, { after: null, limit: 10 });
    expect(items).toMatchObject([{ name: 'old', version: 1 }]);
  });

  test('what became of times of schedules goes too, and backfills that have ended', async () => {
    await opened.sql(`
insert into schedules (project, name, dag_id, cron, time_zone, overlap, catch_up, inputs, created_by, reason)
select 'default', 's', id, '@daily', 'UTC', 'skip', 'latest', '{}', 'x', 'x' from dags where name = 'old'`);
    await opened.sql(`
insert into schedule_firings (schedule_id, scheduled_at, through_at, times, at, outcome)
select s.id, t.at, t.at, 1, t.at, 'missed' from schedules s,
  (values (clock_timestamp() - interval '1 year'), (clock_timestamp() - interval '1 month')) t (at)`);
    await opened.sql(`
with made as (
  insert into backfills (id, schedule_id, inputs, max_parallel, created_by, reason, finished_at)
  select b.id, s.id, '{}', 1, 'x', 'x', b.ended from schedules s, (values
    ('00000000-0000-7000-8000-000000000001'::uuid, clock_timestamp() - interval '1 year'),
    ('00000000-0000-7000-8000-000000000002', null)) b (id, ended) returning id)
insert into backfill_times (backfill_id, scheduled_at) select id, clock_timestamp() from made`);
    await opened.database.maintain();
    const [counts] = await opened.sql(`
select (select count(*)::integer from schedule_firings) as firings, (select count(*)::integer from backfills) as backfills,
  (select count(*)::integer from backfill_times) as times`);
    expect(counts).toEqual({ firings: 1, backfills: 1, times: 1 });
  });

  test('the history of a job stays while an open run may read its output', async () => {
    const run = await runEnded(null, 1);
    const job = '017f0000-0000-7000-8000-000000000001';
    await opened.sql("select ensure_partitions('2022-01-01', 3)");
    await opened.sql(`update node_runs set job_id = '${job}' where run_id = '${run}'`);
    await opened.sql(`
insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user, used_infrastructure,
  used_output, used_unknown, used_out_of_memory, attempt_state)
values ('${job}', 1, 'completed', 0, '2022-02-02', '2022-02-02', 1, 1, 0, 0, 0, 0, 0, 'succeeded')`);
    const known = async () => (await opened.sql(`select 1 from finished_jobs where id = '${job}'`)).length;
    await opened.database.maintain();
    expect(await known()).toBe(1);
    await opened.sql(`
update dag_runs set state = 'completed', finished_at = clock_timestamp() - interval '1 day' where id = '${run}'`);
    await opened.database.maintain();
    expect(await known()).toBe(0);
  });
});
