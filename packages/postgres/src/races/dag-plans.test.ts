import { newDagRunId, newJobId, type NewJob, type NodeProgress } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sql } from '../connection/sql.ts';
import { readEnds } from '../sql/dags/read-ends.ts';
import { recordItemEnds, recordStarts, updateNodes } from '../sql/dags/write-step.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { explaining, hostileStatistics, rowsTouched, startWideRun } from '../testing/plans.ts';

const width = 500;
const run = newDagRunId();
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query('alter table node_runs set (autovacuum_enabled = off)');
  await startWideRun(fresh, run, 'wide', width);
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

const progress = {
  state: 'ready',
  reason: null,
  message: null,
  parents: { completed: 0, failed: 0, skipped: 0 },
  items: null,
  stopping: false,
  startable: true,
  gate: null,
} as const satisfies NodeProgress & { startable: boolean; gate: null };

const jobs = Array.from({ length: width }, () => newJobId());
const each = <T>(make: (node: number) => T): T[] => Array.from({ length: width }, (_, node) => make(node));

/** In the order of a run: each finds what the one before stored. */
const statements: Readonly<Record<string, (sql: Sql) => Promise<unknown>>> = {
  updateNodes: (sql) => updateNodes(sql, run, new Map(each((node) => [node, progress]))),
  recordStarts: (sql) =>
    recordStarts(
      sql,
      run,
      each((node) => ({
        node,
        item: null,
        work: { kind: 'job' as const, job: { id: jobs[node]! } as NewJob },
      })),
    ),
  readEnds: (sql) => readEnds(sql, run, jobs),
  recordItemEnds: (sql) =>
    recordItemEnds(
      sql,
      run,
      each((node) => ({ node, item: -1, state: 'completed' as const, reason: null, message: null })),
    ),
};

test.each(Object.keys(hostileStatistics))('a step touches each row a few times %s', async (name) => {
  await client.query(`update node_runs set job_id = null, state = 'waiting', finished_at = null`);
  await client.query(hostileStatistics[name]!);
  for (const [statement, work] of Object.entries(statements)) {
    // What the callers of counted updates expect.
    const { sql, plans } = explaining(client, async () => [{ changed: width }]);
    await work(sql);
    // Compared row by row with one another it were 250,000.
    const few = plans.every((plan) => rowsTouched(plan) <= 10 * width);
    expect({ statement, few }).toEqual({ statement, few: true });
  }
});
