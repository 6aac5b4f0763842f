import type { DagGraph, Database } from '@job-orchestrator/types';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDatabase } from '../testing/fresh-database.ts';
import { sampleContext } from '../testing/samples.ts';

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let db: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  db = fresh.database;
});
afterAll(() => fresh.close());

const graphOf = (name: string, below: readonly string[]): DagGraph => {
  const nodes = below.map((dag, at) => ({
    name: `n${at}`,
    kind: 'dag',
    final: false,
    dag: { name: dag, version: null },
  }));
  return { format: 1, name, project: 'default', deadlineSeconds: 60, nodes } as unknown as DagGraph;
};

const apply = (name: string, ...below: readonly string[]) => {
  const graph = graphOf(name, below);
  return db.dags.apply({ project: 'default', name, digest: 'd', document: {}, graph }, sampleContext);
};
const remove = (name: string) => db.dags.remove('default', name, sampleContext);

test('a DAG whose sub-DAG is being deleted waits, and is then refused at its node', async () => {
  await apply('below');
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query('begin');
  await client.query(`update dags set deleted_at = clock_timestamp() where name = 'below'`);
  const late = apply('above', 'other', 'below').catch((error: unknown) => error);
  const waits = async () => {
    const text = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return (await client.query<{ n: number }>(text)).rows[0]?.n;
  };
  await expect.poll(waits, { timeout: 10_000, interval: 10 }).toBe(1);
  await client.query('commit');
  await client.end();
  expect(await late).toMatchObject({
    code: 'invalid_input',
    problems: [{ field: 'nodes.n1.dag.name', message: 'names a DAG that has just been deleted' }],
  });
  expect(await db.dags.getVersion('default', 'above', null)).toBeNull();
});

test('side by side, a DAG is applied over its sub-DAGs or one of these is deleted, never both and never neither', async () => {
  for (let round = 0; round < 20; round += 1) {
    const [a, b] = [`a-${round}`, `b-${round}`];
    await Promise.all([apply(a), apply(b)]);
    const applied = [apply(`one-${round}`, a, b), apply(`two-${round}`, b, a)];
    const [removed, ...made] = await Promise.all([
      remove(a),
      ...applied.map((dag) =>
        dag.then(
          () => true,
          () => false,
        ),
      ),
    ]);
    expect(new Set(made)).toEqual(new Set([removed.kind === 'in_use']));
  }
});
