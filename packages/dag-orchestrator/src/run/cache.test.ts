import { putImage, rerun, startRun } from '@job-orchestrator/operations';
import type { DagGraph, DagRunId, JobNode, JsonObject, LiveAttempt } from '@job-orchestrator/types';
import { freshDatabase, onServer } from '@job-orchestrator/postgres/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';
import type { JobEnding } from '../testing/run-harness.ts';

const context = { actor: 'tester', reason: 'a test' };
const digest = (digit: string): string => `registry.example/pinned@sha256:${digit.repeat(64)}`;
const always = { maxAgeSeconds: null };
const sum = { n: { type: 'integer' } } as const;

const cached = (name: string, needs: readonly number[] = [], changes: Partial<JobNode> = {}): JobNode =>
  jobNode(name, needs, { cache: always, outputs: sum, job: { image: 'pinned', args: [name] }, ...changes });

/** Runs graphs to their ends, and tells which node runs had a job of their own. */
const runner = ({ harness }: Orchestrated) => {
  const finished = async (
    id: DagRunId,
    how: (job: LiveAttempt) => JobEnding = () => ({ output: { n: 1 } }),
  ) => {
    const jobs: string[] = [];
    const run = await harness.finish(id, (job) => {
      jobs.push(job.spec.name!);
      return how(job);
    });
    return { run, jobs, nodes: await harness.nodes(id) };
  };
  const ran = async (
    graph: DagGraph,
    inputs: JsonObject = {},
    noCache = false,
    how?: (job: LiveAttempt) => JobEnding,
  ) => {
    await harness.apply(graph);
    const wanted = { project: graph.project, name: graph.name, version: null, inputs, noCache };
    const { id } = await startRun(harness.deps, wanted, context);
    return { id, ...(await finished(id, how)) };
  };
  return { ran, finished };
};
type Runner = ReturnType<typeof runner>;

describe.each(bothDatabases)('on %s', (_name, open) => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(open);
    await putImage(at.harness.deps, { name: 'pinned', reference: digest('a') }, context);
  });
  afterAll(() => at.close());

  const ran = (...what: Parameters<Runner['ran']>) => runner(at).ran(...what);
  const finished = (...what: Parameters<Runner['finished']>) => runner(at).finished(...what);

  test('a node that did the same before takes its result, and says from which run and job', async () => {
    const nodes = [
      cached('sum'),
      jobNode('next', [0], {
        job: { image: 'pinned' },
        reads: [0],
        inputs: { n: '${{ nodes.sum.outputs.n }}' },
      }),
    ];
    const graph = graphOf(nodes, {
      name: 'hit',
      outputs: { n: '${{ nodes.sum.outputs.n }}' },
      outputReads: [0],
    });
    const first = await ran(graph, {}, false, () => ({ output: { n: 7 } }));
    const inputs: unknown[] = [];
    const second = await ran(graph, {}, false, ({ spec }) => {
      inputs.push(spec.inputs);
      return { output: { n: 8 } };
    });
    expect([first.jobs, second.jobs, inputs]).toEqual([['sum', 'next'], ['next'], [{ n: 7 }]]);
    expect(second.run).toMatchObject({ state: 'completed', outputs: { n: 7 } });
    const { jobId } = first.nodes[0]!;
    expect(second.nodes[0]).toMatchObject({
      state: 'completed',
      reason: 'cached',
      jobId,
      keptFrom: first.id,
    });
    expect(first.nodes[0]).toMatchObject({ reason: null, keptFrom: null });
    // A third takes it from where it was made, not from the one that took it.
    expect((await ran(graph)).nodes[0]).toMatchObject({ reason: 'cached', jobId, keptFrom: first.id });
  });

  test.each<[string, Partial<JobNode>]>([
    ['arguments', { job: { image: 'pinned', args: ['other'] } }],
    ['a command', { job: { image: 'pinned', args: ['base'], command: ['date'] } }],
    ['variables', { job: { image: 'pinned', args: ['base'], env: { A: '1' } } }],
    ['inputs', { inputs: { a: 1 } }],
    ['declared outputs', { outputs: { n: { type: 'integer', minimum: 0 } } }],
    ['no outputs', { outputs: null }],
    ['the digest of the image', { job: { image: 'other', args: ['base'] } }],
  ])('a node with other %s runs', async (what, changes) => {
    await putImage(at.harness.deps, { name: 'other', reference: digest('b') }, context);
    await ran(graphOf([cached('base')], { name: 'base' }));
    const name = `other-${what.replaceAll(' ', '-')}`;
    const other = await ran(graphOf([cached('base', [], changes)], { name }));
    expect(other.jobs).toEqual(['base']);
  });

  test('a node runs in a project where nobody did the same', async () => {
    await ran(graphOf([cached('shared')], { name: 'here' }));
    await putImage(at.harness.deps, { project: 'there', name: 'pinned', reference: digest('a') }, context);
    expect((await ran(graphOf([cached('shared')], { name: 'here', project: 'there' }))).jobs).toEqual([
      'shared',
    ]);
  });

  test('names, resources, retries, deadlines, labels, topic and the place of the image change nothing', async () => {
    await ran(graphOf([cached('plain')], { name: 'plain' }));
    const reference = `mirror.example/elsewhere@sha256:${'a'.repeat(64)}`;
    await putImage(at.harness.deps, { name: 'mirrored', reference }, context);
    const job = {
      image: 'mirrored',
      args: ['plain'],
      topic: 'heavy',
      priority: 5,
      labels: { team: 'x' },
      resources: { limits: { memory: '1Gi' } },
      retry: { maxRetries: 9 },
      deadlines: { runSeconds: 9 },
    };
    const other = await ran(graphOf([cached('renamed', [], { job })], { name: 'renamed' }));
    expect([other.jobs, other.nodes[0]?.reason]).toEqual([[], 'cached']);
  });

  test('what failed, and what missed its schema, is no result', async () => {
    const graph = graphOf([cached('fails')], { name: 'fails' });
    expect((await ran(graph, {}, false, () => 'failed')).run.state).toBe('failed');
    expect((await ran(graph, {}, false, () => ({ output: { n: 'text' } }))).nodes[0]?.reason).toBe('output');
    expect((await ran(graph)).jobs).toEqual(['fails']);
    expect((await ran(graph)).jobs).toEqual([]);
  });

  test('a run without the cache runs everything, and what it brings is there for the next one', async () => {
    const graph = graphOf([cached('again')], { name: 'again' });
    await ran(graph, {}, false, () => ({ output: { n: 1 } }));
    const fresh = await ran(graph, {}, true, () => ({ output: { n: 2 } }));
    expect(fresh.jobs).toEqual(['again']);
    expect((await ran(graph)).nodes[0]).toMatchObject({ reason: 'cached', keptFrom: fresh.id });
    const all = { kind: 'node', name: 'again' } as const;
    const twice = await rerun(at.harness.deps, fresh.id, all, { noCache: true }, context);
    expect((await finished(twice.id)).jobs).toEqual(['again']);
    const once = await rerun(at.harness.deps, fresh.id, all, {}, context);
    expect((await finished(once.id)).jobs).toEqual([]);
  });

  test('sub-DAGs look in the cache too, unless their run may not', async () => {
    await at.harness.apply(graphOf([cached('inside')], { name: 'inner' }));
    const graph = graphOf([subDagNode('outer', 'inner')], { name: 'outer' });
    expect((await ran(graph)).jobs).toEqual(['inside']);
    expect((await ran(graph)).jobs).toEqual([]);
    expect((await ran(graph, {}, true)).jobs).toEqual(['inside']);
  });

  test('items are looked up one by one, equal ones too, and limits hold', async () => {
    const over = (name: string, maxParallel: number | null) =>
      graphOf(
        [
          cached('each', [], {
            forEach: { items: '${{ inputs.list }}', maxParallel, failFast: false },
            job: { image: 'pinned', args: ['${{ item }}'] },
          }),
        ],
        {
          name,
          inputs: { list: { type: 'array' } },
          outputs: { all: '${{ nodes.each.outputs }}' },
          outputReads: [0],
        },
      );
    const byItem = ({ spec }: LiveAttempt) => ({ output: { n: Number(spec.args![0]) } });
    expect((await ran(over('items', null), { list: [1, 2] }, false, byItem)).jobs).toHaveLength(2);
    const more = await ran(over('more-items', 1), { list: [1, 3, 2, 1] }, false, byItem);
    expect(more.jobs).toHaveLength(1);
    expect(more.run.outputs).toEqual({ all: [{ n: 1 }, { n: 3 }, { n: 2 }, { n: 1 }] });
    expect(more.nodes.map(({ reason }) => reason)).toEqual([null, 'cached', null, 'cached', 'cached']);
  });

  test('two runs at once with the same key both run, and both end', async () => {
    const graph = graphOf([cached('twins')], { name: 'twins' });
    await at.harness.apply(graph);
    const wanted = { project: 'default', name: 'twins', version: null, inputs: {} };
    const runs = await Promise.all([1, 2].map(() => startRun(at.harness.deps, wanted, context)));
    let claimed: readonly LiveAttempt[] = [];
    await expect.poll(async () => (claimed = [...claimed, ...(await at.harness.claim())]).length).toBe(2);
    await at.harness.end(claimed, () => ({ output: { n: 1 } }));
    for (const { id } of runs) expect((await finished(id)).run.state).toBe('completed');
    expect((await ran(graph)).jobs).toEqual([]);
  });

  test('an image that is not pinned is refused at the start, with the place and the command that mends it', async () => {
    await putImage(at.harness.deps, { name: 'loose', reference: 'registry.example/loose:1' }, context);
    const graph = graphOf([cached('loose', [], { job: { image: 'loose' } })], { name: 'loose' });
    await expect(ran(graph)).rejects.toMatchObject({
      code: 'invalid_input',
      problems: [
        {
          field: 'nodes.loose.cache',
          message: expect.stringContaining('image add loose registry.example/loose:1@sha256:DIGEST'),
          value: 'registry.example/loose:1',
        },
      ],
    });
  });

  test('a hit changes nothing for the nodes behind it', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ needs: fc.array(fc.nat(5), { maxLength: 3 }), cache: fc.boolean() }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.nat(3),
        async (shapes, seed) => {
          const nodes = shapes.map(({ needs, cache }, node) => {
            const parents = node === 0 ? [] : [...new Set(needs.map((need) => need % node))].sort();
            const inputs = Object.fromEntries(
              parents.map((parent) => [`n${parent}`, `\${{ nodes.n${parent}.outputs.n }}`]),
            );
            const changes = { reads: parents, inputs: { ...inputs, seed: '${{ inputs.seed }}' } };
            const { cache: _, ...without } = cached(`n${node}`, parents, changes);
            return cache ? { ...without, cache: always } : without;
          });
          const all = [...nodes.keys()];
          const graph = graphOf(nodes, {
            name: `random-${(count += 1)}`,
            inputs: { seed: { type: 'integer' } },
            outputs: Object.fromEntries(all.map((node) => [`n${node}`, `\${{ nodes.n${node}.outputs.n }}`])),
            outputReads: all,
          });
          const work = ({ spec }: LiveAttempt) => ({
            output: { n: Object.values(spec.inputs!).reduce<number>((total, n) => total + Number(n), 1) },
          });
          const plain = await ran(graph, { seed }, true, work);
          const again = await ran(graph, { seed }, false, work);
          expect(again.run.outputs).toEqual(plain.run.outputs);
          expect(again.jobs).toHaveLength(shapes.filter(({ cache }) => !cache).length);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('as time passes', () => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(freshDatabase);
    await putImage(at.harness.deps, { name: 'pinned', reference: digest('a') }, context);
  });
  afterAll(() => at.close());
  const ran = (graph: DagGraph) => runner(at).ran(graph);

  test('a result that is too old is not taken', async () => {
    const graph = graphOf([cached('aged', [], { cache: { maxAgeSeconds: 3_600 } })], { name: 'aged' });
    const { id } = await ran(graph);
    expect((await ran(graph)).jobs).toEqual([]);
    await onServer(
      at.fresh.url!,
      `update node_runs set finished_at = finished_at - interval '2 hours' where run_id = '${id}'`,
    );
    expect((await ran(graph)).jobs).toEqual(['aged']);
  });

  test('a result goes with the run that it came from', async () => {
    const graph = graphOf([cached('gone')], { name: 'gone' });
    const { id } = await ran(graph);
    await onServer(at.fresh.url!, `delete from dag_runs where id = '${id}'`);
    expect((await ran(graph)).jobs).toEqual(['gone']);
  });

  test('a result whose job was removed is not taken', async () => {
    const graph = graphOf([cached('swept')], { name: 'swept' });
    const { nodes } = await ran(graph);
    await onServer(at.fresh.url!, `delete from finished_jobs where id = '${nodes[0]!.jobId}'`);
    expect((await ran(graph)).jobs).toEqual(['swept']);
  });
});
