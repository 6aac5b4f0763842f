import { cancelRun, changedInputs, nodesToRerun, rerun, startRun } from '@job-orchestrator/operations';
import type { DagRunId, EndedNode, JobNode, JsonObject, LiveAttempt } from '@job-orchestrator/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inputReads } from '../expressions/input-reads.ts';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';
import type { JobEnding } from '../testing/run-harness.ts';

const context = { actor: 'tester', reason: 'a test' };
const failed = { kind: 'failed' } as const;
const n = { n: { type: 'integer' } } as const;

describe.each(bothDatabases)('on %s', (_name, open) => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(open);
    await at.harness.finish(await at.harness.start(graphOf([jobNode('one')], { name: 'warm-up' })));
  });
  afterAll(() => at.close());

  const finished = async (id: DagRunId, how: (job: LiveAttempt) => JobEnding = () => null) => {
    const ran: string[] = [];
    const run = await at.harness.finish(id, (job) => (ran.push(job.spec.name!), how(job)));
    return { run, ran: ran.toSorted(), nodes: await at.harness.nodes(id) };
  };
  const nodes = [
    // What it reads of its run belongs to that run: it is no input.
    jobNode('fixed', [], { inputs: { id: '${{ run.id }}' } }),
    jobNode('day', [], { job: { image: 'busybox', args: ['${{ inputs.day }}'] } }),
    jobNode('below', [1]),
    jobNode('size', [], { when: 'inputs.size > 1' }),
    jobNode('last', [], { final: true }),
  ];
  const graph = graphOf(nodes, {
    name: 'changed',
    inputs: { day: { type: 'string' }, size: { type: 'integer', default: 2 } },
  });

  test('with changed inputs what reads them runs again, and what lies below; the answer and the nodes say why', async () => {
    const run = await at.harness.start(graph, { day: 'monday' });
    await finished(run);
    const again = await rerun(at.harness.deps, run, failed, { inputs: { day: 'friday' } }, context);
    expect(again).toMatchObject({
      kept: 2,
      again: 3,
      because: [{ node: 'day', why: 'reads input day, which changed' }],
    });
    const { ran, nodes: ended } = await finished(again.id);
    expect(ran).toEqual(['below', 'day', 'last']);
    expect(ended.map(({ name, again: why }) => [name, why])).toEqual([
      ['fixed', null],
      ['day', 'reads input day, which changed'],
      ['below', 'needs day, which runs again'],
      ['size', null],
      ['last', 'is a finally node'],
    ]);
  });

  test('a default counts by its value, in conditions too: given as it was it changes nothing', async () => {
    const run = await at.harness.start(graph, { day: 'monday' });
    await finished(run);
    const same = { inputs: { size: 2, day: 'monday' } };
    await expect(rerun(at.harness.deps, run, failed, same, context)).rejects.toMatchObject({
      code: 'dag_run_not_failed',
    });
    const other = { inputs: { size: 1, day: 'monday' } };
    const again = await rerun(at.harness.deps, run, failed, other, context);
    const { ran, nodes: ended } = await finished(again.id);
    expect(ran).toEqual(['last']);
    expect(ended[3]).toMatchObject({ state: 'skipped', reason: 'condition' });
    // And back: the default is filled in, and it is another value than before.
    const back = await rerun(at.harness.deps, again.id, failed, { inputs: { day: 'monday' } }, context);
    expect((await finished(back.id)).ran).toEqual(['last', 'size']);
  });

  test('an input that only the outputs of the DAG read changes these; no node runs again for it', async () => {
    const read = graphOf([jobNode('one')], {
      name: 'outputs',
      inputs: { day: {}, size: { default: 1 } },
      outputs: { day: '${{ inputs.day }}' },
    });
    const run = await at.harness.start(read, { day: 'monday' });
    await finished(run);
    const again = await rerun(at.harness.deps, run, failed, { inputs: { day: 'friday' } }, context);
    expect(again).toMatchObject({ kept: 1, again: 0, outputs: 'read input day, which changed' });
    const { run: ended, ran } = await finished(again.id);
    expect([ended.state, ended.outputs, ran]).toEqual(['completed', { day: 'friday' }, []]);
    const unread = { inputs: { day: 'monday', size: 2 } };
    await expect(rerun(at.harness.deps, run, failed, unread, context)).rejects.toMatchObject({
      code: 'dag_run_not_failed',
    });
  });

  test('from a node with changed inputs both run again: the node, and what reads them', async () => {
    const run = await at.harness.start(graph, { day: 'monday' });
    await finished(run);
    const from = { kind: 'node', name: 'fixed' } as const;
    const again = await rerun(at.harness.deps, run, from, { inputs: { day: 'sunday' } }, context);
    expect((await finished(again.id)).ran).toEqual(['below', 'day', 'fixed', 'last']);
  });

  test('a retry of a run that was cancelled runs what was cancelled, and what never began', async () => {
    const run = await at.harness.start(graph, { day: 'monday' });
    await expect.poll(async () => (await at.harness.nodes(run))[0]?.state).toBe('running');
    await cancelRun(at.harness.deps, run, context);
    // No executor may take the jobs before the cancel has come down to them.
    const states = async () => (await at.harness.nodes(run)).slice(0, 4).map(({ state }) => state);
    await expect.poll(states).toEqual(Array(4).fill('cancelled'));
    await finished(run);
    const again = await rerun(at.harness.deps, run, failed, {}, context);
    expect(again.because).toContainEqual({ node: 'below', why: 'was cancelled before' });
    expect((await finished(again.id)).ran).toEqual(['below', 'day', 'fixed', 'last', 'size']);
  });

  test('a node that there is not is refused with the one that was meant', async () => {
    const run = await at.harness.start(graph, { day: 'monday' });
    await finished(run);
    const from = { kind: 'node', name: 'fixd' } as const;
    await expect(rerun(at.harness.deps, run, from, {}, context)).rejects.toThrow('did you mean fixed?');
  });

  test('a rerun with changed inputs gives what a run from the beginning gives', async () => {
    const shape = fc.record({
      needs: fc.array(fc.nat(5), { maxLength: 3 }),
      reads: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
    });
    const values = fc.record({ a: fc.nat(1), b: fc.nat(1), c: fc.nat(1) });
    let count = 0;
    const toNode = ({ needs, reads }: { needs: number[]; reads: string[] }, node: number): JobNode => {
      const parents = node === 0 ? [] : [...new Set(needs.map((need) => need % node))].sort();
      const read = parents.map((parent) => [`n${parent}`, `\${{ nodes.n${parent}.outputs.n }}`]);
      const given = reads.map((name) => [name, `\${{ inputs.${name} }}`]);
      const inputs = Object.fromEntries([...read, ...given]) as JsonObject;
      return jobNode(`n${node}`, parents, { reads: parents, inputs, outputs: n });
    };
    const work = ({ spec }: LiveAttempt) => ({
      output: { n: Object.values(spec.inputs!).reduce<number>((sum, value) => 2 * sum + Number(value), 1) },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 1, maxLength: 6 }),
        values,
        values,
        async (shapes, before, after) => {
          const all = [...shapes.keys()];
          const random = graphOf(shapes.map(toNode), {
            name: `random-${(count += 1)}`,
            inputs: { a: {}, b: {}, c: {} },
            outputs: {
              ...Object.fromEntries(all.map((node) => [`n${node}`, `\${{ nodes.n${node}.outputs.n }}`])),
              c: '${{ inputs.c }}',
            },
            outputReads: all,
          });
          const begun = await at.harness.start(random, before);
          const { run: old } = await finished(begun, work);
          const whole = { project: 'default', name: random.name, version: null, inputs: after };
          const fresh = await finished((await startRun(at.harness.deps, whole, context)).id, work);
          const again = await rerun(at.harness.deps, begun, failed, { inputs: after }, context).catch(
            () => null,
          );
          if (again === null) {
            expect(old.outputs).toEqual(fresh.run.outputs);
            return;
          }
          expect((await finished(again.id, work)).run.outputs).toEqual(fresh.run.outputs);
        },
      ),
      { numRuns: 12 },
    );
  });
});

test('what runs again is what a walk upwards finds: asked for, badly ended, of a changed input, final, or below such', () => {
  const shape = fc.record({
    needs: fc.array(fc.nat(20), { maxLength: 3 }),
    reads: fc.array(fc.nat(20), { maxLength: 1 }),
    input: fc.constantFrom(null, 'a', 'b'),
    state: fc.constantFrom('completed', 'completed', 'failed', 'cancelled', 'skipped' as const),
    final: fc.nat(9).map((digit) => digit === 0),
  });
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 15 }), fc.boolean(), (shapes, isChanged) => {
      const before = (node: number, others: readonly number[]) =>
        node === 0 ? [] : [...new Set(others.map((other) => other % node))].sort((x, y) => x - y);
      const graph = graphOf(
        shapes.map(({ needs, reads, input, final }, node) =>
          jobNode(`n${node}`, before(node, needs), {
            reads: before(node, reads),
            when: input === null ? null : `inputs.${input} == 1`,
            final,
          }),
        ),
        { inputs: { a: {}, b: {} } },
      );
      const ended = shapes.map(({ state }): EndedNode => ({
        state,
        reason: state === 'skipped' ? 'condition' : null,
        items: null,
        childRun: null,
      }));
      const changed = changedInputs({ a: 1, b: { x: 1, y: 2 } }, { a: isChanged ? 2 : 1, b: { y: 2, x: 1 } });
      const again = nodesToRerun(graph, ended, { from: failed, changed, inputReads });
      const runs = (node: number): boolean => {
        const { needs, reads, final } = graph.nodes[node]!;
        const { state, input } = shapes[node]!;
        const bad = state === 'failed' || state === 'cancelled';
        return final || bad || (isChanged && input === 'a') || [...needs, ...reads].some(runs);
      };
      for (const node of graph.nodes.keys()) expect(again.has(node)).toBe(runs(node));
    }),
    { numRuns: 300 },
  );
});
