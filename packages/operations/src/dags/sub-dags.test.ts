import { freshDatabase } from '@job-orchestrator/postgres/testing';
import {
  newDagRunId,
  newJobId,
  type DagGraph,
  type DagVersion,
  type SubDagNode,
  type ValueSchema,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationDeps } from '../dependencies.ts';
import { dagRules } from '../testing/no-dag-rules.ts';
import { readTree, subDagProblems } from './sub-dags.ts';

interface Subs {
  readonly dag: string;
  readonly version?: number;
}

const subNode = ({ dag, version }: Subs, changes: Partial<SubDagNode> = {}): SubDagNode => ({
  kind: 'dag',
  name: `run-${dag}`,
  description: null,
  final: false,
  needs: [],
  triggerRule: 'all_success',
  when: null,
  forEach: null,
  group: null,
  reads: [],
  outputs: null,
  dag: { name: dag, version: version ?? null },
  inputs: null,
  ...changes,
});

const graphOf = (name: string, subs: readonly Subs[], changes: Partial<DagGraph> = {}): DagGraph => ({
  format: 1,
  name,
  project: 'default',
  description: null,
  inputs: {},
  outputs: {},
  outputReads: [],
  maxParallel: null,
  deadlineSeconds: 60,
  failFast: false,
  groups: [],
  nodes: subs.map((sub) => subNode(sub)),
  ...changes,
});

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let projects = 0;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

/** Definitions in a project of their own, version by version, and what is read of them. */
const stored = async (versions: Readonly<Record<string, readonly DagGraph[]>>) => {
  const { dags } = fresh.database;
  const project = `p${(projects += 1)}`;
  for (const [name, graphs] of Object.entries(versions))
    for (const [at, graph] of graphs.entries())
      await dags.apply(
        { project, name, digest: String(at), document: {}, graph },
        { actor: 'a', reason: 'b' },
      );
  const reads: string[] = [];
  const getVersion: typeof dags.getVersion = (_, name, version) => {
    reads.push(`${name}@${version}`);
    return dags.getVersion(project, name, version);
  };
  const deps: OperationDeps = {
    database: { ...fresh.database, dags: { ...dags, getVersion } },
    newJobId,
    newDagRunId,
    dagRules,
    outputsSupported: true,
    autoRegisterImages: false,
  };
  return { deps, reads };
};
const top = (graph: DagGraph): Pick<DagVersion, 'version' | 'graph'> => ({ version: 1, graph });

test('what names no version is its newest, the same one everywhere; what names one keeps it; each is read once', async () => {
  const leaf = graphOf('leaf', []);
  const { deps, reads } = await stored({
    leaf: [leaf, leaf, leaf],
    middle: [graphOf('middle', [{ dag: 'leaf' }, { dag: 'leaf', version: 1 }])],
  });
  const tree = await readTree(deps, top(graphOf('top', [{ dag: 'middle' }, { dag: 'leaf' }])));
  expect(tree.pins).toEqual({ middle: 1, leaf: 3 });
  expect(tree.graphs.map(({ name }) => name)).toEqual(['top', 'middle', 'leaf', 'leaf']);
  expect(reads).toEqual(['middle@null', 'leaf@null', 'leaf@1']);
});

test('pins of an earlier run stay', async () => {
  const leaf = graphOf('leaf', []);
  const { deps } = await stored({ leaf: [leaf, leaf] });
  const tree = await readTree(deps, top(graphOf('top', [{ dag: 'leaf' }])), { leaf: 1 });
  expect(tree.pins).toEqual({ leaf: 1 });
});

test('a DAG that runs itself is refused with the path, through others too; an older version of itself is not itself', async () => {
  const { deps } = await stored({
    top: [graphOf('top', [])],
    middle: [graphOf('middle', [{ dag: 'top' }])],
  });
  await expect(readTree(deps, { version: 2, graph: graphOf('top', [{ dag: 'top' }]) })).rejects.toThrow(
    'nodes.run-top.dag.name makes the DAG run itself: top → top',
  );
  await expect(readTree(deps, { version: 2, graph: graphOf('top', [{ dag: 'middle' }]) })).rejects.toThrow(
    'top → middle → top',
  );
  const older = await readTree(deps, { version: 2, graph: graphOf('top', [{ dag: 'top', version: 1 }]) });
  expect(older.graphs).toHaveLength(2);
});

test('DAGs nest 8 levels deep, and no deeper; where many paths lead to one, it is looked at once', async () => {
  const chain = (length: number) =>
    Object.fromEntries(
      Array.from({ length }, (_, at) => {
        const below = at + 1 < length ? [{ dag: `d${at + 1}` }, { dag: `d${at + 1}` }] : [];
        return [`d${at}`, [graphOf(`d${at}`, below)]];
      }),
    );
  const begin = top(graphOf('top', [{ dag: 'd0' }]));
  const { deps, reads } = await stored(chain(8));
  expect((await readTree(deps, begin)).graphs).toHaveLength(9);
  expect(reads).toHaveLength(8);
  await expect(readTree((await stored(chain(9))).deps, begin)).rejects.toThrow(
    'nodes nest 9 levels of DAGs; at most 8 are allowed',
  );
});

test('DAGs that do not exist are told with their place, below others with the path', async () => {
  const { deps } = await stored({ middle: [graphOf('middle', [{ dag: 'nobody' }])] });
  await expect(readTree(deps, top(graphOf('top', [{ dag: 'gone', version: 3 }])))).rejects.toThrow(
    'nodes.run-gone.dag.name names a DAG that does not exist in version 3',
  );
  await expect(readTree(deps, top(graphOf('top', [{ dag: 'middle' }])))).rejects.toThrow(
    'nodes.run-middle.dag.name runs middle, where nodes.run-nobody.dag.name names a DAG that does not exist',
  );
});

test('inputs and outputs that do not fit the other DAG are told by their places, with what was meant', () => {
  const inputs: Record<string, ValueSchema> = { day: { type: 'string' }, parts: { default: 1 } };
  const other = graphOf('other', [], { inputs, outputs: { rows: 1 } });
  const told = (changes: Partial<SubDagNode>) =>
    subDagProblems(subNode({ dag: 'other' }, changes), other).map(
      ({ field, message }) => `${field} ${message}`,
    );
  expect(told({ inputs: { day: 'x' }, outputs: { rows: {} } })).toEqual([]);
  expect(told({ inputs: { days: 'x' }, outputs: { row: {} } })).toEqual([
    'nodes.run-other.inputs.day is required by the other DAG',
    'nodes.run-other.inputs.days is not an input of the other DAG; did you mean day?',
    'nodes.run-other.outputs.row is not an output of the other DAG; did you mean rows?',
  ]);
});
