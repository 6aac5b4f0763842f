import { planRerun, rerun, setImageActive, type RepairPlan } from '@job-orchestrator/operations';
import { isOrchestratorError, type GraphNode, type LiveAttempt } from '@job-orchestrator/types';
import { freshEmbedded } from '@job-orchestrator/postgres/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const context = { actor: 'tester', reason: 'a test' };
const failed = { kind: 'failed' } as const;

let at: Orchestrated;
beforeAll(async () => {
  at = await orchestrated(freshEmbedded);
  await at.harness.apply(graphOf([jobNode('below')], { name: 'below', inputs: { a: { default: 0 } } }));
});
afterAll(() => at.close());

const codeOf = (error: unknown): { readonly code: string } => {
  if (isOrchestratorError(error)) return { code: error.code };
  throw error;
};
const runs = async () =>
  (
    await at.harness.deps.database.dags.listRuns(
      { project: null, dag: null, states: null, parent: 'any' },
      { after: null, limit: 500 },
    )
  ).items.length;

const shape = fc.record({
  needs: fc.array(fc.nat(5), { maxLength: 2 }),
  input: fc.constantFrom(null, 'a', 'b'),
  kind: fc.constantFrom('job', 'job', 'items', 'dag' as const),
  fails: fc.nat(2).map((n) => n === 0),
  final: fc.nat(6).map((n) => n === 0),
});
type Shape = typeof shape extends fc.Arbitrary<infer Of> ? Of : never;

const toNode = ({ needs, input, kind, final }: Shape, node: number): GraphNode => {
  const parents = node === 0 || final ? [] : [...new Set(needs.map((need) => need % node))].sort();
  const inputs = input === null ? null : { a: `\${{ inputs.${input} }}` };
  if (kind === 'dag') return subDagNode(`n${node}`, 'below', parents, { final, inputs });
  const forEach = kind === 'items' ? { items: ['x', 'y'], maxParallel: null, failFast: false } : null;
  return jobNode(`n${node}`, parents, { final, inputs, forEach });
};

/** The ordinary ones first, as graphs have them. */
const ordered = (shapes: readonly Shape[]): readonly Shape[] => [
  ...shapes.filter(({ final }) => !final),
  ...shapes.filter(({ final }) => final),
];

/** The second items, and the jobs of sub-DAGs, fail with their node; no others of it do. */
const endingOf = (shapes: readonly Shape[], names: Map<string, number>) => (job: LiveAttempt) => {
  const nth = names.get(job.spec.name!) ?? 0;
  names.set(job.spec.name!, nth + 1);
  const node = Number(/^n(\d+)$/.exec(job.spec.name!)?.[1] ?? -1);
  const of = shapes[node];
  return of !== undefined && of.fails && (of.kind !== 'items' || nth > 0) ? ('failed' as const) : null;
};

const whys = (plan: RepairPlan) => plan.nodes.map(({ name, again }) => [name, again]);

test('the plan of a repair is what the repair then does, refusals too, and writes nothing', async () => {
  let count = 0;
  const scenario = fc.record({
    shapes: fc.array(shape, { minLength: 1, maxLength: 6 }).map(ordered),
    from: fc.option(fc.nat(6), { freq: 1 }),
    a: fc.nat(1),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ shapes, from, a }) => {
      if (shapes[0]!.final) return;
      const graph = graphOf(shapes.map(toNode), {
        name: `planned-${(count += 1)}`,
        inputs: { a: {}, b: {} },
      });
      const old = await at.harness.start(graph, { a: 0, b: 0 });
      const wanted = from === null ? failed : ({ kind: 'node', name: `n${from}` } as const);
      const inputs = { a, b: 0 };
      const { deps, finish, nodes } = at.harness;
      await finish(old, endingOf(shapes, new Map()));
      const before = await runs();
      const plan = await planRerun(deps, old, wanted, inputs).catch(codeOf);
      expect(await runs()).toBe(before);
      const again = await rerun(deps, old, wanted, { inputs }, context).catch(codeOf);
      if ('code' in plan || 'code' in again) {
        expect(plan).toEqual(again);
        return;
      }
      expect([plan.kept, plan.again, plan.refusals]).toEqual([again.kept, again.again, []]);
      await finish(again.id);
      const became = await nodes(again.id);
      const whole = became.filter(({ item }) => item === null);
      expect(whys(plan)).toEqual(whole.map(({ name, again: why }) => [name, why]));
      for (const [node, { keeps, again: why }] of plan.nodes.entries()) {
        const { keptFrom } = whole[node]!;
        expect(keptFrom).toBe(why === null ? old : null);
        if (shapes[node]!.kind !== 'items' || why === null || whole[node]!.state === 'skipped') continue;
        const [first] = became.filter((item) => item.node === node && item.item === 0);
        const completed = (await nodes(old)).some(
          (item) => item.node === node && item.item === 0 && item.state === 'completed',
        );
        expect(first!.keptFrom === old).toBe(keeps === 'items' && completed);
      }
    }),
    { numRuns: 6 },
  );
});

test('what the surroundings refuse is told with the plan, by the code that the repair answers', async () => {
  const graph = graphOf([jobNode('one'), jobNode('two', [0])], { name: 'refused' });
  const run = await at.harness.start(graph);
  const { deps, finish } = at.harness;
  expect(await planRerun(deps, run, failed, null).catch(codeOf)).toEqual({ code: 'dag_run_not_ended' });
  await finish(run, () => 'failed');
  await setImageActive(deps, 'default', 'busybox', false, context);
  const plan = await planRerun(deps, run, failed, null);
  expect(plan.refusals).toMatchObject([{ code: 'image_disabled', field: 'nodes.one.image' }]);
  expect(plan.nodes.map(({ before, again }) => [before.state, again])).toEqual([
    ['failed', 'failed before'],
    ['skipped', 'needs one, which runs again'],
  ]);
  expect(await rerun(deps, run, failed, {}, context).catch(codeOf)).toEqual({ code: 'image_disabled' });
  await setImageActive(deps, 'default', 'busybox', true, context);
});
