import { cancelRun, rerun, setRunPaused, startRun } from '@job-orchestrator/operations';
import type { DagRunId, DagRunRecord } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalNode, graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const context = { actor: 'tester', reason: 'a test' };
const forEach = { items: '${{ inputs.days }}', maxParallel: null, failFast: false };

describe.each(bothDatabases)('on %s', (_name, open) => {
  let fresh: Orchestrated['fresh'];
  let harness: Orchestrated['harness'];
  let close: Orchestrated['close'];
  beforeAll(async () => {
    ({ fresh, harness, close } = await orchestrated(open));
    await harness.finish(await harness.start(graphOf([jobNode('one')], { name: 'warm-up' })));
  });
  afterAll(() => close());

  const load = (name: string) =>
    graphOf(
      [
        jobNode('read', [], {
          outputs: { rows: { type: 'integer' } },
          inputs: { day: '${{ inputs.day }}', by: '${{ run.createdBy }}' },
        }),
        jobNode('write', [0]),
      ],
      {
        name,
        inputs: { day: { type: 'string', pattern: '^[a-z]+$' }, size: { type: 'integer', default: 7 } },
        outputs: { rows: '${{ nodes.read.outputs.rows }}', size: '${{ inputs.size }}' },
        outputReads: [0],
      },
    );
  const children = async (run: DagRunId): Promise<readonly DagRunRecord[]> => {
    const filter = { project: null, dag: null, states: null, parent: run };
    return (await fresh.database.dags.listRuns(filter, { after: null, limit: 500 })).items;
  };
  const rows = ({ spec }: { spec: { name: string | null } }) =>
    spec.name === 'read' ? { output: { rows: 3 } } : null;
  const states = async (run: DagRunId) =>
    (await harness.nodes(run)).map(({ state, reason }) => (reason === null ? state : `${state} ${reason}`));

  test('a sub-DAG is a run of its own: inputs go down, outputs come up, and both can be read', async () => {
    await harness.apply(load('load'));
    const nodes = [
      subDagNode('sub', 'load', [], {
        inputs: { day: '${{ inputs.day }}' },
        outputs: { rows: {}, size: {} },
      }),
      jobNode('report', [0], { reads: [0], inputs: { sub: '${{ nodes.sub.outputs }}' } }),
    ];
    const run = await harness.start(
      graphOf(nodes, {
        name: 'parent',
        inputs: { day: { type: 'string', default: 'monday' } },
        outputs: { rows: '${{ nodes.sub.outputs.rows }}' },
        outputReads: [0],
      }),
    );
    const seen = new Map<string, unknown>();
    const ended = await harness.finish(run, (attempt) => {
      seen.set(attempt.spec.name!, attempt.spec.inputs);
      return rows(attempt);
    });
    expect(ended).toMatchObject({ state: 'completed', outputs: { rows: 3 }, parent: null });
    expect(seen.get('report')).toEqual({ sub: { rows: 3, size: 7 } });
    expect(seen.get('read')).toEqual({ day: 'monday', by: 'tester' });
    const [child] = await children(run);
    expect(child).toMatchObject({
      dag: 'load',
      state: 'completed',
      inputs: { day: 'monday', size: 7 },
      outputs: { rows: 3, size: 7 },
      parent: { run, name: 'sub', item: null },
    });
    expect((await harness.nodes(run))[0]).toMatchObject({ childRun: child!.id, jobId: null });
    const top = { project: null, dag: 'load', states: null, parent: 'top' } as const;
    expect((await fresh.database.dags.listRuns(top, { after: null, limit: 5 })).items).toEqual([]);
  });

  test('forEach runs one sub-DAG per item, and their outputs are a list in the order of the items', async () => {
    await harness.apply(load('load'));
    const nodes = [
      subDagNode('sub', 'load', [], { forEach, inputs: { day: '${{ item }}' }, outputs: { rows: {} } }),
      jobNode('report', [0], { reads: [0], inputs: { all: '${{ nodes.sub.outputs }}' } }),
    ];
    const graph = graphOf(nodes, { name: 'each', inputs: { days: { default: ['a', 'b', 'NO', 'c'] } } });
    const run = await harness.start(graph);
    await harness.finish(run, rows);
    expect(await states(run)).toEqual([
      'failed items_failed',
      'completed',
      'completed',
      'failed input',
      'completed',
      'skipped upstream_failed',
    ]);
    const items = (await harness.nodes(run)).filter(({ item }) => item !== null);
    expect(items[2]?.message).toMatch(/^nodes\.sub: inputs\.day must /);
    expect((await children(run)).map(({ parent, inputs }) => [parent?.item, inputs['day']])).toEqual(
      expect.arrayContaining([
        [0, 'a'],
        [1, 'b'],
        [3, 'c'],
      ]),
    );
    expect(await children(run)).toHaveLength(3);
  });

  test('a failure goes up with the run and the node that failed, through every level', async () => {
    await harness.apply(graphOf([jobNode('bad')], { name: 'leaf' }));
    await harness.apply(graphOf([subDagNode('inner', 'leaf')], { name: 'middle' }));
    const run = await harness.start(graphOf([subDagNode('outer', 'middle')], { name: 'high' }));
    expect(await harness.finish(run, () => 'failed')).toMatchObject({ state: 'failed' });
    const [middle] = await children(run);
    const [leaf] = await children(middle!.id);
    const [node] = await harness.nodes(run);
    expect(node).toMatchObject({ state: 'failed', reason: 'sub_dag_failed' });
    const short = (id: string) => id.slice(-8);
    expect(node?.message).toBe(
      `run ${short(middle!.id)} of DAG middle failed at node inner: ` +
        `run ${short(leaf!.id)} of DAG leaf failed at node bad: it ended with 3`,
    );
  });

  test('a cancel goes down through every level, approvals included; finally nodes still run', async () => {
    const leaf = [approvalNode('ask'), jobNode('work'), jobNode('bye', [], { final: true })];
    await harness.apply(graphOf(leaf, { name: 'leaf' }));
    await harness.apply(graphOf([subDagNode('inner', 'leaf')], { name: 'middle' }));
    const run = await harness.start(graphOf([subDagNode('outer', 'middle')], { name: 'cancel-down' }));
    const found = async () => {
      const [middle] = await children(run);
      return middle === undefined ? undefined : (await children(middle.id))[0];
    };
    await expect.poll(async () => (await found())?.state).toBe('running');
    const { id } = (await found())!;
    await expect.poll(async () => (await states(id)).slice(0, 2)).toEqual(['running', 'running']);
    await cancelRun(harness.deps, run, context);
    // No executor may take the job before the cancel has come down to it.
    await expect.poll(async () => (await states(id))[1]).toBe('cancelled run_cancelled');
    expect(await harness.finish(run)).toMatchObject({ state: 'cancelled' });
    expect(await states(run)).toEqual(['cancelled run_cancelled']);
    expect(await states(id)).toEqual(['cancelled run_cancelled', 'cancelled run_cancelled', 'completed']);
    const [asked] = await harness.nodes(id);
    expect(asked?.message).toBe(
      'the run was cancelled: the run that it is part of stops (the run was cancelled: the run that it is part of stops (the run was cancelled: a test))',
    );
  });

  test('cancelled twice, the finally nodes of sub-DAGs end too', async () => {
    await harness.apply(
      graphOf([jobNode('work'), jobNode('bye', [], { final: true })], { name: 'leaf-final' }),
    );
    const run = await harness.start(graphOf([subDagNode('sub', 'leaf-final')], { name: 'twice' }));
    await expect.poll(async () => (await children(run))[0]?.state).toBe('running');
    const { id } = (await children(run))[0]!;
    await cancelRun(harness.deps, run, context);
    await expect.poll(() => states(id)).toEqual(['cancelled run_cancelled', 'running']);
    await cancelRun(harness.deps, run, context);
    await expect.poll(() => states(id)).toEqual(['cancelled run_cancelled', 'cancelled run_cancelled']);
    expect(await harness.finish(run)).toMatchObject({ state: 'cancelled' });
  });

  test('a pause holds sub-DAGs too, and a resume lets them go on', async () => {
    await harness.apply(graphOf([jobNode('a'), jobNode('b', [0])], { name: 'pausing' }));
    const run = await harness.start(graphOf([subDagNode('sub', 'pausing')], { name: 'pause-down' }));
    await expect.poll(async () => (await children(run))[0]?.state).toBe('running');
    const { id } = (await children(run))[0]!;
    await expect.poll(async () => (await states(id))[0]).toBe('running');
    await setRunPaused(harness.deps, run, true);
    await harness.end(await harness.claim(), () => null);
    await expect.poll(() => states(id)).toEqual(['completed', 'ready']);
    await setRunPaused(harness.deps, run, false);
    expect(await harness.finish(run)).toMatchObject({ state: 'completed' });
  });

  test('versions are those of the start of the top run, at every depth, whatever is applied meanwhile', async () => {
    const leaf = (job: string) => graphOf([jobNode(job)], { name: 'pinned-leaf' });
    await harness.apply(leaf('old'));
    await harness.apply(graphOf([subDagNode('inner', 'pinned-leaf')], { name: 'pinned-middle' }));
    const nodes = [jobNode('first'), subDagNode('outer', 'pinned-middle', [0])];
    const run = await harness.start(graphOf(nodes, { name: 'pinned' }));
    await harness.apply(leaf('new'));
    const ran: string[] = [];
    await harness.finish(run, ({ spec }) => (ran.push(spec.name!), null));
    expect(ran).toEqual(['first', 'old']);
    const again = await rerun(harness.deps, run, { kind: 'node', name: 'outer' }, {}, context);
    await harness.finish(again.id, ({ spec }) => (ran.push(spec.name!), null));
    expect(ran).toEqual(['first', 'old', 'old']);
    const request = { project: 'default', name: 'pinned', version: null, inputs: {} };
    const fresh2 = await startRun(harness.deps, request, context);
    await harness.finish(fresh2.id, ({ spec }) => (ran.push(spec.name!), null));
    expect(ran.slice(3)).toEqual(['first', 'new']);
  });

  test('a retry runs a failed sub-DAG again as a new run, and keeps those that completed with their outputs', async () => {
    await harness.apply(load('load'));
    const nodes = [
      subDagNode('good', 'load', [], { inputs: { day: 'a' }, outputs: { rows: {} } }),
      subDagNode('bad', 'load', [], { inputs: { day: 'b' } }),
      jobNode('after', [0, 1], { reads: [0], inputs: { n: '${{ nodes.good.outputs.rows }}' } }),
    ];
    const run = await harness.start(graphOf(nodes, { name: 'retry-sub' }));
    const failing =
      (day: string | null) => (attempt: Parameters<typeof rows>[0] & { spec: { inputs: unknown } }) =>
        attempt.spec.name === 'read' && (attempt.spec.inputs as { day: string }).day === day
          ? ('failed' as const)
          : rows(attempt);
    expect(await harness.finish(run, failing('b'))).toMatchObject({ state: 'failed' });
    const before = await harness.nodes(run);
    const again = await rerun(harness.deps, run, { kind: 'failed' }, {}, context);
    const seen: unknown[] = [];
    const ended = await harness.finish(again.id, (attempt) => {
      if (attempt.spec.name === 'after') seen.push(attempt.spec.inputs);
      return failing(null)(attempt);
    });
    expect(ended).toMatchObject({ state: 'completed' });
    expect(seen).toEqual([{ n: 3 }]);
    const after = await harness.nodes(again.id);
    expect(after[0]).toMatchObject({ keptFrom: run, childRun: before[0]!.childRun });
    expect(after[1]?.childRun).not.toBe(before[1]?.childRun);
    expect(await harness.nodes(run)).toEqual(before);
  });

  test('a result of a sub-DAG that misses what its node declares fails the node', async () => {
    await harness.apply(load('load'));
    const sub = subDagNode('sub', 'load', [], {
      inputs: { day: 'a' },
      outputs: { rows: { type: 'string' } },
    });
    const run = await harness.start(graphOf([sub], { name: 'schema' }));
    await harness.finish(run, rows);
    expect((await harness.nodes(run))[0]).toMatchObject({ state: 'failed', reason: 'output' });
    expect((await children(run))[0]).toMatchObject({ state: 'completed' });
  });

  test('a sub-DAG past its deadline fails its node, and says so', async () => {
    await harness.apply(graphOf([jobNode('slow')], { name: 'slow', deadlineSeconds: 1 }));
    const run = await harness.start(graphOf([subDagNode('sub', 'slow')], { name: 'waits' }));
    await expect.poll(async () => (await harness.nodes(run))[0]?.state).toBe('failed');
    expect((await harness.nodes(run))[0]?.message).toMatch(
      /^run \w{8} of DAG slow failed: its deadline of 1s passed$/,
    );
  });
});
