import { newJobId, type AttemptId, type IncarnationId } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parameter, Row, Sql, Statement } from '../connection/sql.ts';
import { adoptAttempts } from '../sql/adopt-attempts.ts';
import { claimJobs } from '../sql/claim-jobs.ts';
import { endAttempts } from '../sql/end-attempts.ts';
import { promoteDue } from '../sql/queue-upkeep.ts';
import { cancelRequests } from '../sql/read-attempts.ts';
import { requeueAttempts } from '../sql/requeue-attempts.ts';
import { recordRunning } from '../sql/update-attempts.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { registerSample, sampleContext, sampleExit, sampleJob, sampleRuntime } from '../testing/samples.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;
let owner: IncarnationId;

const fill = async (): Promise<void> => {
  for (let batch = 0; batch < 20; batch += 1) {
    const jobs = Array.from({ length: 1_000 }, (_, index) =>
      sampleJob({ topic: index % 2 === 0 ? 'even' : 'odd' }),
    );
    await fresh.database.queue.insertJobs(jobs, sampleContext);
  }
};

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  for (const table of ['jobs', 'job_specs']) {
    await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
  }
  await client.query('analyze');
  owner = await registerSample(fresh.database);
  await fill();
  await client.query('set plan_cache_mode = force_generic_plan');
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): readonly Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

const literal = (parameter: Parameter): string =>
  parameter === null ? 'null' : `'${String(parameter).replaceAll("'", "''")}'`;

let prepared = 0;

/** Explains instead of running, and keeps how each big table is read. */
const explaining = (): { readonly sql: Sql; readonly reads: string[] } => {
  const reads: string[] = [];
  const run = async (
    statement: Statement,
    parameters: readonly Parameter[] = [],
  ): Promise<readonly Row[]> => {
    prepared += 1;
    await client.query(`prepare p${prepared} as ${statement.text}`);
    const { rows } = await client.query<{ 'QUERY PLAN': readonly { readonly Plan: Plan }[] }>(
      `explain (format json) execute p${prepared}(${parameters.map(literal).join(', ')})`,
    );
    for (const node of nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan)) {
      const table = node['Relation Name'] ?? '';
      if (['jobs', 'job_specs'].includes(table) && node['Node Type'] !== 'ModifyTable') {
        reads.push(`${node['Node Type']} ${table} ${node['Index Name'] ?? ''}`);
      }
    }
    return [{ id: attempt, applied: [], cancelled: [], promoted: 0 }];
  };
  return { sql: { run: run as Sql['run'] }, reads };
};

const attempt = newJobId() as unknown as AttemptId;
const base = { attemptId: attempt, exit: sampleExit(), failure: null, log: null, reason: 'r' };
const hotStatements: Readonly<Record<string, (sql: Sql) => Promise<unknown>>> = {
  claim: (sql) =>
    claimJobs(sql, { owner, runtimeKey: sampleRuntime, topics: null, limit: 500, segments: [] }),
  end: (sql) =>
    endAttempts(sql, owner, [{ ...base, state: 'completed', attemptState: 'succeeded', output: null }]),
  requeue: (sql) =>
    requeueAttempts(sql, owner, [
      { ...base, kind: 'released', attemptState: 'cancelled', chargedTo: 'none', delayMs: 5 },
    ]),
  running: (sql) => recordRunning(sql, owner, [{ attemptId: attempt, startedAt: new Date(), node: null }]),
  promote: (sql) => promoteDue(sql, 100),
  adopt: (sql) => adoptAttempts(sql, { owner, runtimeKey: sampleRuntime, limit: 100 }, true, 9_000),
  cancelRequests: (sql) => cancelRequests(sql, owner),
};

const statistics: Readonly<Record<string, readonly string[]>> = {
  'taken while everything was empty': [],
  'taken now': ['analyze jobs', 'analyze job_specs'],
  'that say the tables have one row': [
    `update pg_class set reltuples = 1, relpages = 1 where relname in ('jobs', 'job_specs')`,
  ],
  'that say nothing is pending': [
    `update jobs set queue = 'scheduled'`,
    `analyze jobs`,
    `update jobs set queue = 'pending'`,
  ],
};

test.each(Object.keys(statistics))('every hot statement reads by index under statistics %s', async (name) => {
  for (const statement of statistics[name] ?? []) await client.query(statement);
  for (const [hot, run] of Object.entries(hotStatements)) {
    const { sql, reads } = explaining();
    await run(sql);
    const byIndex = /^(Index Scan|Index Only Scan|Bitmap Index Scan|Bitmap Heap Scan) /;
    const others = reads.filter((read) => !byIndex.test(read));
    expect({ hot, reads: reads.length > 0, others }).toEqual({ hot, reads: true, others: [] });
    if (hot === 'claim')
      expect(reads.filter((read) => read.endsWith('jobs_pending')).length).toBeGreaterThan(1);
  }
});
