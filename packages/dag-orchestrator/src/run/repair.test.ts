import { rerun } from '@job-orchestrator/operations';
import type {
  DagGraph,
  DagRunId,
  DagRunRecord,
  JsonObject,
  JsonValue,
  LiveAttempt,
} from '@job-orchestrator/types';
import { freshDatabase, onServer } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';
import { matchItems } from './repair.ts';

const context = { actor: 'tester', reason: 'a test' };
const failed = { kind: 'failed' } as const;
const each = (maxParallel: number | null = null) => ({
  items: '${{ inputs.list }}',
  maxParallel,
  failFast: false,
});

describe.each(bothDatabases)('on %s', (_name, open) => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(open);
    await at.harness.finish(await at.harness.start(graphOf([jobNode('one')], { name: 'warm-up' })));
  });
  afterAll(() => at.close());

  /** Runs a run to its end; jobs whose argument or name is among `bad` fail. Tells what ran. */
  const finished = async (id: DagRunId, bad: readonly string[] = [], what = 1) => {
    const ran: string[] = [];
    const told = ({ spec }: LiveAttempt): string => [spec.name!, ...(spec.args ?? [])].join(' ');
    const run = await at.harness.finish(id, (job) => {
      ran.push(told(job));
      return bad.includes(told(job)) ? 'failed' : { output: { by: `${told(job)} ${what}` } };
    });
    return { run, ran: ran.toSorted(), nodes: await at.harness.nodes(id) };
  };
  const again = async (
    id: DagRunId,
    inputs: JsonObject | null = null,
    from: Parameters<typeof rerun>[2] = failed,
  ) => (await rerun(at.harness.deps, id, from, { inputs }, context)).id;

  const outputs = { by: { type: 'string' } } as const;
  const listed = (name: string, maxParallel: number | null = null): DagGraph =>
    graphOf(
      [
        jobNode('each', [], {
          forEach: each(maxParallel),
          outputs,
          job: { image: 'busybox', args: ['${{ string(item) }}'] },
        }),
        jobNode('join', [0], { reads: [0], inputs: { all: '${{ nodes.each.outputs }}' }, outputs }),
      ],
      {
        name,
        inputs: { list: { type: 'array' }, size: { default: 1 } },
        outputs: { all: '${{ nodes.each.outputs.map(o, o.by) }}' },
        outputReads: [0],
      },
    );
  const start = (graph: DagGraph, ...list: readonly JsonValue[]): Promise<DagRunId> =>
    at.harness.start(graph, { list });

  test.each([null, 1])(
    'a retry keeps the items that completed, in their places (maxParallel %s)',
    async (most) => {
      const run = await start(listed(`items-${most}`, most), 'a', 'b', 'c', 'd');
      const before = await finished(run, ['each b', 'each d'], 1);
      expect(before.run.state).toBe('failed');
      const second = await again(run);
      const one = await finished(second, ['each d'], 2);
      expect(one.ran).toEqual(['each b', 'each d']);
      const kept = one.nodes.filter(({ item }) => item === 0 || item === 2);
      for (const [index, node] of kept.entries())
        expect(node).toMatchObject({
          state: 'completed',
          reason: null,
          keptFrom: run,
          jobId: before.nodes[1 + 2 * index]!.jobId,
        });
      // What is kept twice is told to be of where it was made.
      const third = await finished(await again(second), [], 3);
      expect(third.ran).toEqual(['each d', 'join']);
      expect(third.run).toMatchObject({
        state: 'completed',
        outputs: { all: ['each a 1', 'each b 2', 'each c 1', 'each d 3'] },
      });
      expect(third.nodes.map(({ keptFrom }) => keptFrom)).toEqual([null, run, second, run, null, null]);
    },
  );

  test('items of a changed list are kept by their values, wherever they stand; equal ones one for one', async () => {
    const run = await start(listed('moved'), 'a', 'b', 'a');
    await finished(run, ['each b']);
    const list = ['c', 'a', 'b', 'a', 'a'];
    const { ran, run: ended } = await finished(await again(run, { list }), [], 2);
    expect(ran).toEqual(['each a', 'each b', 'each c', 'join']);
    expect(ended.outputs).toEqual({
      all: ['each c 2', 'each a 1', 'each b 2', 'each a 1', 'each a 2'],
    });
  });

  test('all items run again where what they do reads a changed input, where something above runs again, or where it was asked for', async () => {
    const graph = graphOf(
      [
        jobNode('above'),
        jobNode('each', [0], {
          triggerRule: 'all_done',
          forEach: each(),
          job: { image: 'busybox', args: ['${{ item }}'], env: { SIZE: '${{ inputs.size }}' } },
        }),
      ],
      { name: 'all-again', inputs: { list: { type: 'array' }, size: { type: 'integer', default: 1 } } },
    );
    const run = await start(graph, 'a', 'b');
    await finished(run, ['each a']);
    const list = ['a', 'b'];
    expect((await finished(await again(run, { list, size: 2 }))).ran).toEqual(['each a', 'each b']);
    const from = { kind: 'node', name: 'each' } as const;
    expect((await finished(await again(run, null, from))).ran).toEqual(['each a', 'each b']);
    const other = await start(graph, 'a', 'b');
    await finished(other, ['each a', 'above']);
    expect((await finished(await again(other))).ran).toEqual(['above', 'each a', 'each b']);
  });

  const children = async (run: DagRunId): Promise<readonly DagRunRecord[]> => {
    const filter = { project: null, dag: null, states: null, parent: run };
    return (await at.fresh.database.dags.listRuns(filter, { after: null, limit: 500 })).items;
  };
  const load = (name: string) =>
    graphOf(
      [
        jobNode('read', [], { outputs, job: { image: 'busybox', args: ['${{ inputs.day }}'] } }),
        jobNode('write', [0], { job: { image: 'busybox', args: ['${{ inputs.day }}'] }, outputs }),
      ],
      {
        name,
        inputs: { day: { type: 'string' } },
        outputs: { by: '${{ nodes.read.outputs.by }}' },
        outputReads: [0],
      },
    );

  test('a retry goes on inside of a sub-DAG that failed: its run is a retry of the old one, at every depth', async () => {
    await at.harness.apply(load('leaf'));
    const middle = subDagNode('leaf', 'leaf', [0], { inputs: { day: 'x' } });
    await at.harness.apply(graphOf([jobNode('first'), middle], { name: 'middle' }));
    const run = await at.harness.start(graphOf([subDagNode('sub', 'middle')], { name: 'deep' }));
    expect((await finished(run, ['write x'])).ran).toEqual(['first', 'read x', 'write x']);
    const [oldMiddle] = await children(run);
    const [oldLeaf] = await children(oldMiddle!.id);
    const second = await again(run);
    const ended = await finished(second);
    expect([ended.run.state, ended.ran]).toEqual(['completed', ['write x']]);
    const [newMiddle] = await children(second);
    const [newLeaf] = await children(newMiddle!.id);
    expect(newMiddle).toMatchObject({ retryOf: oldMiddle!.id, state: 'completed' });
    expect(newLeaf).toMatchObject({ retryOf: oldLeaf!.id, outputs: { by: 'read x 1' } });
    const nodes = await at.harness.nodes(newLeaf!.id);
    expect(nodes).toMatchObject([
      { name: 'read', keptFrom: oldLeaf!.id, again: null },
      { name: 'write', keptFrom: null, again: 'failed before' },
    ]);
  });

  test('of sub-DAGs per item those that completed are kept with their outputs, the others go on where they failed', async () => {
    await at.harness.apply(load('per-item'));
    const sub = subDagNode('days', 'per-item', [], {
      forEach: each(),
      inputs: { day: '${{ item }}' },
      outputs,
    });
    const graph = graphOf([sub], {
      name: 'days',
      inputs: { list: { type: 'array' } },
      outputs: { all: '${{ nodes.days.outputs.map(o, o.by) }}' },
      outputReads: [0],
    });
    const run = await start(graph, 'mo', 'tu', 'we');
    await finished(run, ['read tu', 'write we']);
    const second = await again(run);
    const ended = await finished(second, [], 2);
    expect(ended.ran).toEqual(['read tu', 'write tu', 'write we']);
    expect(ended.run.outputs).toEqual({ all: ['read mo 1', 'read tu 2', 'read we 1'] });
    expect(await children(second)).toHaveLength(2);
  });

  test('a sub-DAG runs from its beginning where it was asked for, and below what runs again', async () => {
    await at.harness.apply(graphOf([jobNode('one'), jobNode('two', [0])], { name: 'whole' }));
    const sub = subDagNode('sub', 'whole', [0], { triggerRule: 'all_done' });
    const run = await at.harness.start(graphOf([jobNode('above'), sub], { name: 'whole-top' }));
    await finished(run, ['above', 'two']);
    const from = { kind: 'node', name: 'sub' } as const;
    expect((await finished(await again(run, null, from))).ran).toEqual(['one', 'two']);
    expect((await finished(await again(run))).ran).toEqual(['above', 'one', 'two']);
  });

  test('a sub-DAG with other inputs keeps what does not read them', async () => {
    const nodes = [
      jobNode('fixed'),
      jobNode('day', [], { job: { image: 'busybox', args: ['${{ inputs.day }}'] } }),
    ];
    await at.harness.apply(graphOf(nodes, { name: 'partly', inputs: { day: { type: 'string' } } }));
    const sub = subDagNode('sub', 'partly', [], { inputs: { day: '${{ inputs.day }}' } });
    const graph = graphOf([sub], { name: 'partly-top', inputs: { day: { type: 'string' } } });
    const run = await at.harness.start(graph, { day: 'mo' });
    await finished(run);
    expect((await finished(await again(run, { day: 'tu' }))).ran).toEqual(['day tu']);
  });
});

test('an item whose result was removed with the history runs again', async () => {
  const { harness, fresh, close } = await orchestrated(freshDatabase);
  const graph = graphOf([jobNode('each', [], { forEach: { ...each(), items: ['a', 'b'] } })], {
    name: 'gone',
  });
  const run = await harness.start(graph);
  let jobs = 0;
  await harness.finish(run, () => ((jobs += 1) === 1 ? 'failed' : null));
  const text = `delete from finished_jobs where id in (select job_id from node_runs where run_id = '${run}' and state = 'completed')`;
  await onServer(fresh.url!, text);
  const { id } = await rerun(harness.deps, run, failed, {}, context);
  expect(await harness.finish(id, () => ((jobs += 1), null))).toMatchObject({ state: 'completed' });
  expect(jobs).toBe(4);
  await close();
});

test('items match by value, however it is written, each at most once, the first with the first', () => {
  const prior = (job: string) => ({ run: 'r', job, child: null, reason: null, state: 'completed' }) as never;
  const entries = [
    { value: { a: 1, b: [2] }, prior: prior('one') },
    { value: 'x', prior: prior('two') },
    { value: 'x', prior: prior('three') },
  ];
  const jobs = (values: readonly JsonValue[]) =>
    matchItems(values, entries).map((found) => found?.job ?? null);
  expect(jobs(['x', { b: [2], a: 1 }, 'x', 'x', 1])).toEqual(['two', 'one', 'three', null, null]);
});
