import { cancelRun, rerun, retryJob, setRunPaused, startRun } from '@job-orchestrator/operations';
import { dagLabels, newDagRunId, newJobId, type LiveAttempt } from '@job-orchestrator/types';
import { freshDatabase, freshEmbedded, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createHarness } from '../testing/run-harness.ts';
import type { DagOrchestrator } from './orchestrator.ts';

const context = { actor: 'tester', reason: 'a test' };
const named = (name: string) => ({ name });

/** Claims again until something was claimed. */
const waitFor = async (claim: () => Promise<readonly LiveAttempt[]>): Promise<readonly LiveAttempt[]> => {
  let claimed: readonly LiveAttempt[] = [];
  await expect.poll(async () => (claimed = await claim()).length).toBeGreaterThan(0);
  return claimed;
};

describe.each([
  ['PostgreSQL', freshDatabase],
  ['PGlite', freshEmbedded],
])('on %s', (_name, open) => {
  let fresh: FreshDatabase;
  let harness: ReturnType<typeof createHarness>;
  let orchestrator: DagOrchestrator;
  beforeAll(async () => {
    fresh = await open();
    harness = createHarness(fresh.database);
    orchestrator = harness.orchestrator();
    orchestrator.start();
  });
  afterAll(async () => {
    await orchestrator.stop();
    await fresh.close();
  });

  test('outputs flow from parents to children, and the outputs of the run are what it says', async () => {
    const nodes = [
      jobNode('extract', [], { outputs: { rows: { type: 'integer' }, parts: { type: 'array' } } }),
      jobNode('load', [0], {
        forEach: { items: '${{ nodes.extract.outputs.parts }}', maxParallel: 2, failFast: false },
        reads: [0],
        outputs: { size: { type: 'integer' } },
        job: { image: 'busybox', args: ['${{ item }}'], env: { ROWS: '${{ nodes.extract.outputs.rows }}' } },
        inputs: { part: '${{ item }}', day: '${{ inputs.day }}' },
      }),
      jobNode('never', [0], { when: 'nodes.extract.outputs.rows > 100', reads: [0] }),
      jobNode('report', [1, 2], {
        triggerRule: 'none_failed',
        reads: [1],
        inputs: { sizes: '${{ nodes.load.outputs }}' },
      }),
    ];
    const graph = graphOf(nodes, {
      name: 'flow',
      inputs: { day: { type: 'string', default: 'monday' } },
      outputs: { rows: '${{ nodes.extract.outputs.rows }}' },
      outputReads: [0],
    });
    const run = await harness.start(graph);
    const specs = new Map<string, unknown[]>();
    const ended = await harness.finish(run, ({ spec }) => {
      specs.set(spec.name!, [...(specs.get(spec.name!) ?? []), [spec.args, spec.env['ROWS'], spec.inputs]]);
      if (spec.name === 'extract') return { output: { rows: 3, parts: ['a', 'b', 'c'] } };
      return spec.name === 'load' ? { output: { size: 1 } } : null;
    });
    expect(ended).toMatchObject({ state: 'completed', outputs: { rows: 3 }, open: 0 });
    expect(specs.get('load')).toEqual(['a', 'b', 'c'].map((part) => [[part], '3', { part, day: 'monday' }]));
    expect(specs.get('report')).toEqual([
      [null, undefined, { sizes: [{ size: 1 }, { size: 1 }, { size: 1 }] }],
    ]);
    const states = (await harness.nodes(run)).map(({ name, item, state, reason }) => [
      name,
      item,
      state,
      reason,
    ]);
    expect(states).toEqual([
      ['extract', null, 'completed', null],
      ['load', null, 'completed', null],
      ['load', 0, 'completed', null],
      ['load', 1, 'completed', null],
      ['load', 2, 'completed', null],
      ['never', null, 'skipped', 'condition'],
      ['report', null, 'completed', null],
    ]);
  });

  test('applying the same content makes no new version; other content does, and runs go on with theirs', async () => {
    const graph = graphOf([jobNode('one')], { name: 'versions' });
    const apply = (of: typeof graph) => harness.apply(of);
    expect(await apply(graph)).toMatchObject({ version: 1, created: true });
    expect(await apply(graph)).toMatchObject({ version: 1, created: false });
    const run = await harness.start(graph);
    expect(await apply(graphOf([jobNode('two')], { name: 'versions' }))).toMatchObject({
      version: 2,
      created: true,
    });
    await harness.finish(run);
    expect(await harness.nodes(run)).toMatchObject([named('one')]);
    const { items } = await fresh.database.dags.list(null, { after: null, limit: 100 });
    expect(items).toContainEqual(expect.objectContaining({ name: 'versions', version: 2, nodes: 1 }));
  });

  test('the same key starts one run, another body under it is refused', async () => {
    const graph = graphOf([jobNode('one')], { name: 'keys' });
    await harness.finish(await harness.start(graph));
    const request = { project: 'default', name: 'keys', version: null, inputs: {} };
    const key = { key: 'k1', fingerprint: 'f1' };
    const first = await startRun(harness.deps, request, context, key);
    expect(await startRun(harness.deps, request, context, key)).toMatchObject({
      id: first.id,
      replayed: true,
    });
    await expect(
      startRun(harness.deps, request, context, { ...key, fingerprint: 'f2' }),
    ).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    await harness.finish(first.id);
  });

  test('an input that is unknown or missing is refused before anything runs', async () => {
    const graph = graphOf([jobNode('one')], { name: 'inputs', inputs: { day: { type: 'string' } } });
    await expect(harness.start(graph, { dya: 'x' })).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.objectContaining({ field: 'inputs.dya' }),
        expect.objectContaining({ field: 'inputs.day' }),
      ]),
    });
  });

  test('a cancelled run cancels its jobs and still runs its final nodes', async () => {
    const nodes = [jobNode('a'), jobNode('b', [0]), jobNode('last', [], { final: true })];
    const run = await harness.start(graphOf(nodes, { name: 'cancel' }));
    await expect.poll(async () => (await harness.nodes(run))[0]?.state).toBe('running');
    expect(await cancelRun(harness.deps, run, context)).toMatchObject({ kind: 'accepted' });
    await expect.poll(async () => (await harness.nodes(run))[0]?.state).toBe('cancelled');
    const ended = await harness.finish(run);
    expect(ended).toMatchObject({ state: 'cancelled', stopping: 'cancelled' });
    expect((await harness.nodes(run)).map(({ state }) => state)).toEqual([
      'cancelled',
      'cancelled',
      'completed',
    ]);
    expect(await cancelRun(harness.deps, run, context)).toMatchObject({
      kind: 'too_late',
      state: 'cancelled',
    });
  });

  test('a paused run starts nothing until it is resumed', async () => {
    const run = await harness.start(graphOf([jobNode('a'), jobNode('b', [0])], { name: 'pause' }));
    await expect.poll(async () => (await harness.nodes(run))[0]?.state).toBe('running');
    await setRunPaused(harness.deps, run, true);
    await harness.end(await harness.claim(), () => null);
    await expect.poll(async () => (await harness.nodes(run))[1]?.state).toBe('ready');
    expect(await harness.claim()).toEqual([]);
    await setRunPaused(harness.deps, run, false);
    expect(await harness.finish(run)).toMatchObject({ state: 'completed' });
    await expect(setRunPaused(harness.deps, run, true)).rejects.toMatchObject({ code: 'dag_run_ended' });
  });

  test('a retry runs what failed and all that follows, as a new run; the old one stays as it was', async () => {
    const nodes = [
      jobNode('good', [], { outputs: { n: {} } }),
      jobNode('bad'),
      jobNode('after', [0, 1], { reads: [0], inputs: { n: '${{ nodes.good.outputs.n }}' } }),
    ];
    const run = await harness.start(graphOf(nodes, { name: 'retry' }));
    const end =
      (bad: 'failed' | null) =>
      ({ spec }: { spec: { name: string | null } }) =>
        spec.name === 'good' ? { output: { n: 7 } } : spec.name === 'bad' ? bad : null;
    expect(await harness.finish(run, end('failed'))).toMatchObject({ state: 'failed' });
    const before = await harness.nodes(run);
    const again = await rerun(harness.deps, run, { kind: 'failed' }, {}, context);
    const ran: string[] = [];
    const ended = await harness.finish(again.id, (attempt) => {
      ran.push(attempt.spec.name!);
      if (attempt.spec.name === 'after') expect(attempt.spec.inputs).toEqual({ n: 7 });
      return end(null)(attempt);
    });
    expect(ended).toMatchObject({ state: 'completed', retryOf: run });
    expect(ran.sort()).toEqual(['after', 'bad']);
    expect(again).toMatchObject({ kept: 1, again: 2, because: [{ node: 'bad', why: 'failed before' }] });
    expect((await harness.nodes(again.id))[0]).toMatchObject({ keptFrom: run, jobId: before[0]!.jobId });
    expect(await harness.nodes(run)).toEqual(before);
  });

  test('a rerun from a node runs it and its descendants', async () => {
    const nodes = [jobNode('a'), jobNode('b', [0]), jobNode('c', [1]), jobNode('d', [0])];
    const run = await harness.start(graphOf(nodes, { name: 'from' }));
    await expect(rerun(harness.deps, run, { kind: 'failed' }, {}, context)).rejects.toMatchObject({
      code: 'dag_run_not_ended',
    });
    await harness.finish(run);
    const again = await rerun(harness.deps, run, { kind: 'node', name: 'b' }, {}, context);
    const ran: string[] = [];
    await harness.finish(again.id, ({ spec }) => (ran.push(spec.name!), null));
    expect(ran.sort()).toEqual(['b', 'c']);
  });

  test('an expression without a value fails its node, and says why', async () => {
    const graph = graphOf([jobNode('a', [], { inputs: { x: '${{ inputs.nothing }}' } })], {
      name: 'no-value',
    });
    const run = await harness.start(graph);
    expect(await harness.finish(run)).toMatchObject({ state: 'failed' });
    const [node] = await harness.nodes(run);
    expect(node).toMatchObject({ state: 'failed', reason: 'expression', jobId: null });
    expect(node?.message).toContain('nodes.a.inputs');
  });

  test('a job of a node that is run again by hand is nothing to its run', async () => {
    const run = await harness.start(graphOf([jobNode('a')], { name: 'by-hand' }));
    await harness.finish(run, () => 'failed');
    const [before] = await harness.nodes(run);
    const { id: again } = await retryJob(harness.deps, before!.jobId!, context);
    const job = await fresh.database.history.getJob(again);
    expect(job?.spec.labels).toEqual({ [dagLabels.dag]: 'by-hand', [dagLabels.node]: 'a' });
    await harness.end(await harness.claim(), () => null);
    expect(await fresh.database.dags.dueRuns(10)).toEqual([]);
    expect(await harness.nodes(run)).toEqual([before]);
  });

  test('a mark of a run that is not there is taken away, and holds nothing up', async () => {
    const { dags, queue } = fresh.database;
    const run = await harness.start(graphOf([jobNode('a')], { name: 'orphans' }));
    const [claimed] = await waitFor(() => harness.claim());
    const labels = { [dagLabels.run]: newDagRunId() };
    const { project, topic, priority } = (await fresh.database.history.getJob(claimed!.jobId))!;
    const spec = { ...claimed!.spec, labels };
    const stray = {
      id: newJobId(),
      project,
      topic,
      priority,
      runAt: null,
      spec,
      retryOf: null,
      rootJobId: null,
    };
    await queue.insertJobs([stray], context);
    await harness.end(await waitFor(() => harness.claim()), () => null);
    await expect.poll(() => dags.dueRuns(10)).toEqual([]);
    await harness.end([claimed!], () => null);
    expect(await harness.finish(run)).toMatchObject({ state: 'completed' });
  });

  test('a forEach over more items than there may be fails its node, with how many and the limit', async () => {
    const items = '${{ inputs.list }}';
    const node = jobNode('each', [], { forEach: { items, maxParallel: null, failFast: false } });
    const list = Array.from({ length: 10_001 }, (_, at) => at);
    const run = await harness.start(graphOf([node], { name: 'many', inputs: { list: { default: list } } }));
    expect(await harness.finish(run)).toMatchObject({ state: 'failed' });
    expect(await harness.nodes(run)).toMatchObject([
      { reason: 'limit', message: 'nodes.each.forEach: gave 10001 items; the limit is 10000' },
    ]);
  });

  test('a step that breaks off leaves the marks, and the next one makes it whole', async () => {
    await orchestrator.stop();
    const run = await harness.start(graphOf([jobNode('a'), jobNode('b', [0])], { name: 'broken' }));
    const { dags } = fresh.database;
    const crash = () => {
      throw new Error('killed here');
    };
    await expect(dags.advanceRun(run, crash)).rejects.toThrow('killed here');
    expect(await dags.dueRuns(10)).toContain(run);
    expect((await harness.nodes(run)).map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    orchestrator = harness.orchestrator();
    orchestrator.start();
    expect(await harness.finish(run)).toMatchObject({ state: 'completed' });
  });
});
