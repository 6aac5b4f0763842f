import type { AttemptId, IncarnationId } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Parameter, Row, Sql, Statement } from '../connection/sql.ts';
import { adoptAttempts } from '../sql/adopt-attempts.ts';
import { claimFromTopic } from '../sql/claim-from-topic.ts';
import { claimJobs } from '../sql/claim-jobs.ts';
import { endAttempts } from '../sql/end-attempts.ts';
import { promoteDue } from '../sql/queue-upkeep.ts';
import { cancelRequests } from '../sql/read-attempts.ts';
import { requeueAttempts } from '../sql/requeue-attempts.ts';
import { recordRunning } from '../sql/update-attempts.ts';
import { freshDatabase } from '../testing/fresh-database.ts';
import { nodesOf, type Plan } from '../testing/plans.ts';
import {
  claimSample,
  registerSample,
  sampleContext,
  sampleExit,
  sampleJob,
  sampleRuntime,
} from '../testing/samples.ts';

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

/** Where the rows are; an empty partition may be read as it likes, and `analyzeFilled` says when it is empty no more. */
const filled = `jobs|job_specs_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;

const specPartitions = async (): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'job_specs'::regclass`,
  );
  return rows.map(({ name }) => name);
};

beforeAll(async () => {
  fresh = await freshDatabase();
  client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  for (const table of ['jobs', ...(await specPartitions())]) {
    await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
  }
  await client.query('analyze');
  owner = await registerSample(fresh.database);
  await fill();
  await client.query(`load 'auto_explain'; set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on; set auto_explain.log_format = json; set client_min_messages = log;
    set plan_cache_mode = force_generic_plan`);
});
afterAll(async () => {
  await client.end();
  await fresh.close();
});

const literal = (parameter: Parameter): string =>
  parameter === null ? 'null' : `'${String(parameter).replaceAll("'", "''")}'`;

const planIn = (message: string | undefined): Plan | null =>
  message?.startsWith('duration:') === true && message.includes('plan:')
    ? (JSON.parse(message.slice(message.indexOf('{'))) as { Plan: Plan }).Plan
    : null;

let prepared = 0;

/** Runs, undoes it, and keeps how each big table was read, also by the statements inside of functions. */
const explaining = (): { readonly sql: Sql; readonly reads: string[] } => {
  const reads: string[] = [];
  const note = ({ message }: { readonly message?: string | undefined }): void => {
    const plan = planIn(message);
    for (const node of plan === null ? [] : nodesOf(plan)) {
      const table = node['Relation Name'] ?? '';
      if (new RegExp(`^(${filled})$`).test(table) && node['Node Type'] !== 'ModifyTable') {
        reads.push(`${node['Node Type']} ${table} ${node['Index Name'] ?? ''}`);
      }
    }
  };
  const run = async (
    statement: Statement,
    parameters: readonly Parameter[] = [],
  ): Promise<readonly Row[]> => {
    prepared += 1;
    await client.query(`prepare p${prepared} as ${statement.text}`);
    await client.query('begin');
    client.on('notice', note);
    const { rows } = await client.query<Row>(
      `execute p${prepared}(${parameters.map(literal).join(', ')})`.replace('()', ''),
    );
    client.off('notice', note);
    await client.query('rollback');
    return rows;
  };
  return { sql: { run: run as Sql['run'] }, reads };
};

const attemptOf = async (): Promise<AttemptId> => {
  const [attempt] = await claimSample(fresh.database, owner, 'even', 1);
  if (attempt === undefined) throw new Error('nothing was claimed');
  return attempt.id;
};

const least = '00000000-0000-0000-0000-000000000000';

/** Topic 2 is the second that was made. */
const onlyOdd = {
  get owner() {
    return owner;
  },
  runtimeKey: sampleRuntime,
  topics: ['odd'],
};

const rest = { exit: sampleExit(), failure: null, log: null, reason: 'r' };
const hotStatements: Readonly<Record<string, (sql: Sql, attempt: AttemptId) => Promise<unknown>>> = {
  claim: (sql) =>
    claimJobs(sql, { owner, runtimeKey: sampleRuntime, topics: null, limit: 500, segments: [] }),
  'claim from the only topic': (sql) =>
    claimFromTopic(sql, { ...onlyOdd, limit: 1 }, { topicId: 2, from: null }),
  'claim behind a mark': (sql) =>
    claimFromTopic(
      sql,
      { ...onlyOdd, limit: 500 },
      { topicId: 2, from: { rank: 0, runAt: new Date(0), id: least } },
    ),
  end: (sql, attemptId) =>
    endAttempts(sql, owner, [
      { ...rest, attemptId, state: 'completed', attemptState: 'succeeded', output: null },
    ]),
  requeue: (sql, attemptId) =>
    requeueAttempts(sql, owner, [
      { ...rest, attemptId, kind: 'released', attemptState: 'cancelled', chargedTo: 'none', delayMs: 5 },
    ]),
  running: (sql, attemptId) => recordRunning(sql, owner, [{ attemptId, startedAt: new Date(), node: null }]),
  promote: (sql) => promoteDue(sql, 100),
  adopt: (sql) => adoptAttempts(sql, { owner, runtimeKey: sampleRuntime, limit: 100 }, true, 9_000),
  cancelRequests: (sql) => cancelRequests(sql, owner),
};

const statistics: Readonly<Record<string, readonly string[]>> = {
  'taken while everything was empty': [],
  'taken now': ['analyze jobs', 'analyze job_specs'],
  'that say the tables have one row': [
    `update pg_class set reltuples = 1, relpages = 1 where relname = 'jobs' or relname like 'job_specs%'`,
  ],
  'that say nothing is pending': [
    `update jobs set queue = 'scheduled' where queue = 'pending'`,
    `analyze jobs`,
    `update jobs set queue = 'pending' where queue = 'scheduled'`,
  ],
};

test.each(Object.keys(statistics))(
  'every hot statement reads by index or by place under statistics %s',
  async (name) => {
    for (const statement of statistics[name] ?? []) await client.query(statement);
    const attempt = await attemptOf();
    for (const [hot, run] of Object.entries(hotStatements)) {
      const { sql, reads } = explaining();
      await run(sql, attempt);
      const byIndex = /^(Tid Scan|Index Scan|Index Only Scan|Bitmap Index Scan|Bitmap Heap Scan) /;
      const others = reads.filter((read) => !byIndex.test(read));
      expect({ hot, reads: reads.length > 0, others }).toEqual({ hot, reads: true, others: [] });
      if (hot === 'claim')
        expect(reads.filter((read) => read.endsWith('jobs_pending')).length).toBeGreaterThan(1);
      if (hot.startsWith('claim'))
        expect(reads.filter((read) => /^Index Scan job_specs_\d+_\d+ /.test(read)).length).toBeGreaterThan(0);
      if (hot.startsWith('claim ')) expect(reads).toContain('Index Scan jobs jobs_pending');
      if (hot === 'end') expect(reads).toContain('Index Scan jobs jobs_live');
    }
  },
);
