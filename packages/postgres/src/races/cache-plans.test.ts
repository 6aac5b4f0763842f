import { newDagRunId, newJobId, type JobId } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Row } from '../connection/sql.ts';
import { nextDeadlineMs } from '../sql/dags/next-deadline.ts';
import { readPriors } from '../sql/dags/prior.ts';
import { findReusable } from '../sql/dags/reuse.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { explaining, hostileStatistics, nodesOf, rowsTouched, startWideRun } from '../testing/plans.ts';

const width = 500;
const run = newDagRunId();
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

const jobs = Array.from({ length: width }, (): JobId => newJobId());

/** Half of the node runs did the same, the others each something of their own. */
const keyOf = (node: number): string => (node % 2 === 0 ? 'same' : `own-${node}`);

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query('alter table node_runs set (autovacuum_enabled = off)');
  await startWideRun(fresh, run, 'cached', width);
  await client.query(
    `insert into finished_jobs (id, topic_id, state, rank, run_at, finished_at, event_seq, attempt, used_user,
       used_infrastructure, used_output, used_unknown, used_out_of_memory, attempt_state)
     select id, 1, 'completed', 0, now(), now(), 1, 1, 0, 0, 0, 0, 0, 'succeeded' from unnest($1::uuid[]) id`,
    [jobs],
  );
  await client.query(
    `update node_runs n set state = 'completed', finished_at = now(), job_id = ($2::uuid[])[n.node + 1],
       cache_key = ($3::text[])[n.node + 1] where run_id = $1`,
    [run, jobs, jobs.map((_, node) => keyOf(node))],
  );
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

/** Runs a statement, and once more with `explain analyze`. */
const explainingToo = () =>
  explaining(client, async (text, parameters) => (await client.query<Row>(text, parameters)).rows);

const requests = jobs.map((_, node) => ({
  node,
  item: null,
  cacheKey: keyOf(node),
  maxAgeSeconds: node % 3 === 0 ? 3_600 : null,
}));

test.each(Object.keys(hostileStatistics))('looking up results touches a few rows each %s', async (name) => {
  await client.query(hostileStatistics[name]!);
  const { sql, plans } = explainingToo();
  const found = await findReusable(sql, requests);
  expect([...found.values()].every((result) => result?.run === run)).toBe(true);
  // Those that did the same, compared one by one for each of them, were 62,500.
  expect(rowsTouched(plans[0]!)).toBeLessThan(20 * width);
});

test.each(Object.keys(hostileStatistics))(
  'what was noted of items is read by their keys %s',
  async (name) => {
    await client.query(hostileStatistics[name]!);
    const { sql, plans } = explainingToo();
    const places = jobs.slice(0, 10).map((_, node) => ({ node, item: null }));
    expect([...(await readPriors(sql, run, places)).values()]).toEqual(Array(10).fill(null));
    expect(rowsTouched(plans[0]!)).toBeLessThan(100);
  },
);

test('the next deadline is that of the open run, read by index', async () => {
  await client.query('analyze dag_runs');
  await client.query('set enable_seqscan = off');
  const { sql, plans } = explainingToo();
  const ms = await nextDeadlineMs(sql);
  expect(ms).toBeGreaterThan(0);
  expect(ms).toBeLessThanOrEqual(60_000);
  const scanned = nodesOf(plans[0]!).map((node) => node['Node Type']);
  expect(scanned.filter((type) => type === 'Seq Scan')).toEqual([]);
});
