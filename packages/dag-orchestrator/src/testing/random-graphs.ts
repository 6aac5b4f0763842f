import { triggerRules, type DagGraph, type GraphGroup, type GraphNode } from '@job-orchestrator/types';
import fc from 'fast-check';
import { approvalNode, graphOf, jobNode, subDagNode } from './graphs.ts';
import type { Outcome } from './reference.ts';

const outcome: fc.Arbitrary<Outcome> = fc.record({
  condition: fc.constantFrom(true, true, true, false, 'error' as const),
  items: fc.array(fc.constantFrom('completed', 'completed', 'failed', 'cancelled' as const), {
    minLength: 0,
    maxLength: 4,
  }),
});

interface Shape {
  readonly needs: readonly number[];
  readonly reads: readonly number[];
  readonly rule: number;
  readonly when: boolean;
  readonly forEach: number;
  readonly group: number;
  readonly final: boolean;
  readonly kind: number;
}

const shape = fc.record({
  needs: fc.array(fc.nat(30), { maxLength: 4 }),
  reads: fc.array(fc.nat(30), { maxLength: 1 }),
  rule: fc.nat(triggerRules.length * 2),
  when: fc.boolean(),
  forEach: fc.nat(5),
  group: fc.nat(5),
  final: fc.integer({ min: 0, max: 6 }).map((n) => n === 0),
  kind: fc.nat(6),
});

const sorted = (numbers: Iterable<number>): number[] => [...new Set(numbers)].sort((a, b) => a - b);

const ancestorsOf = (nodes: readonly GraphNode[], needs: readonly number[]): number[] => {
  const found = new Set(needs);
  for (const node of needs) for (const parent of ancestorsOf(nodes, nodes[node]!.needs)) found.add(parent);
  return sorted(found);
};

/** Nodes whose needs point backwards; the final ones stand last and need only one another. */
const toNodes = (shapes: readonly Shape[]): GraphNode[] => {
  const nodes: GraphNode[] = [];
  const ordered = [...shapes.filter(({ final }) => !final), ...shapes.filter(({ final }) => final)];
  const ordinary = ordered.filter(({ final }) => !final).length;
  for (const [at, { needs, reads, rule, when, forEach, group, final, kind }] of ordered.entries()) {
    const from = final ? ordinary : 0;
    const parents = at === from ? [] : sorted(needs.map((need) => from + (need % (at - from))));
    const readable = final ? sorted([...Array(ordinary).keys()]) : ancestorsOf(nodes, parents);
    const base = {
      final,
      reads: readable.length === 0 ? [] : sorted(reads.map((read) => readable[read % readable.length]!)),
      // Half of all nodes keep the default, so that runs get somewhere.
      triggerRule: triggerRules[rule] ?? ('all_success' as const),
      when: when ? 'scripted' : null,
      group: group > 2 ? null : group,
    };
    const maxParallel = forEach === 0 ? null : forEach;
    const items = forEach > 2 ? null : { items: [], maxParallel, failFast: false };
    const name = `n${at}`;
    if (kind > 4 && !final)
      nodes.push(approvalNode(name, parents, { ...base, onTimeout: kind === 5 ? 'fail' : 'approve' }));
    else if (kind === 4) nodes.push(subDagNode(name, 'other', parents, { ...base, forEach: items }));
    else nodes.push(jobNode(name, parents, { ...base, forEach: items }));
  }
  return nodes;
};

const groupsOf = (nodes: readonly GraphNode[]): GraphGroup[] =>
  [
    { name: 'sequential', maxParallel: 1, inOrder: true },
    { name: 'limited', maxParallel: 2, inOrder: false },
    { name: 'parallel', maxParallel: null, inOrder: false },
  ].map((group, at) => ({
    ...group,
    members: nodes.flatMap((node, index) => (node.group === at ? [index] : [])),
  }));

/** A random graph of up to 24 nodes, with an outcome for each. */
export const randomRuns = (
  changes: Partial<DagGraph> = {},
): fc.Arbitrary<{ readonly graph: DagGraph; readonly outcomes: readonly Outcome[] }> =>
  fc
    .tuple(
      fc.array(fc.tuple(shape, outcome), { minLength: 1, maxLength: 24 }),
      fc.option(fc.integer({ min: 1, max: 4 })),
    )
    .map(([drawn, maxParallel]) => {
      const nodes = toNodes(drawn.map(([of]) => of));
      const graph = graphOf(nodes, { maxParallel, ...changes }, groupsOf(nodes));
      const outcomes = drawn.map(([, of], at) =>
        graph.nodes[at]!.forEach === null && of.items.length === 0
          ? { ...of, items: ['completed' as const] }
          : of,
      );
      return { graph, outcomes };
    })
    .filter(({ graph }) => graph.nodes.some(({ final }) => !final));
