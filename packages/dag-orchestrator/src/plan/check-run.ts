import {
  countsAs,
  type NodeKind,
  type NodeProgress,
  type ParentCounts,
  type RunProgress,
} from '@job-orchestrator/types';
import { isTerminal } from './finish.ts';
import type { GraphIndex } from './graph-index.ts';
import { isStartable } from './startable.ts';
import { verdictOf } from './trigger-rules.ts';

/** Something that steps added up otherwise than it is from scratch. `place`: a node, or a counter of the run. */
export interface Difference {
  readonly place: string;
  readonly stored: number | string;
  readonly counted: number | string;
}

const shown = ({ completed, failed, skipped }: ParentCounts): string =>
  `${completed} completed, ${failed} failed, ${skipped} skipped`;

const parentsOf = (needs: readonly number[], nodes: readonly NodeProgress[]): ParentCounts => {
  const counts = { completed: 0, failed: 0, skipped: 0 };
  for (const need of needs) {
    const parent = nodes[need]!;
    if (isTerminal(parent.state)) counts[countsAs(parent)] += 1;
  }
  return counts;
};

/** How many node runs of a node are out; one that waits for a person takes no place. */
const runningOf = (kind: NodeKind, { state, items }: NodeProgress): number => {
  if (kind === 'approval') return 0;
  if (items !== null) return items.started - items.completed - items.failed - items.cancelled;
  return state === 'running' ? 1 : 0;
};

function* nodeDifferences({ graph, ordinary }: GraphIndex, run: RunProgress, nodes: readonly NodeProgress[]) {
  for (const [node, { name, needs, reads, triggerRule }] of graph.nodes.entries()) {
    const of = nodes[node]!;
    if (of.state !== 'waiting') continue;
    const counted = parentsOf(needs, nodes);
    if (shown(counted) !== shown(of.parents))
      yield { place: `the parents of ${name}`, stored: shown(of.parents), counted: shown(counted) };
    const begun = run.state === 'running' && (node < ordinary || run.phase === 'final');
    const verdict = verdictOf(triggerRule, counted, needs.length).kind;
    const read = reads.every((other) => isTerminal(nodes[other]!.state));
    if (begun && (verdict === 'skip' || (verdict === 'run' && read)))
      yield { place: name, stored: 'waiting', counted: verdict === 'skip' ? 'skipped' : 'ready' };
  }
}

/**
 * What steps have added up of a run, compared with the same from scratch: the ends of each node's parents, nodes that
 * wait although their rule is decided, and the run's counters. Pure; linear in nodes and edges. Empty: as it should be.
 */
export const checkRun = (
  index: GraphIndex,
  run: RunProgress,
  nodes: readonly NodeProgress[],
): readonly Difference[] => {
  const { graph, ordinary } = index;
  const count = (
    from: number,
    to: number,
    pick: (of: NodeProgress, node: number) => number | boolean,
  ): number => nodes.slice(from, to).reduce((sum, of, at) => sum + Number(pick(of, from + at)), 0);
  const open = (of: NodeProgress): boolean => !isTerminal(of.state);
  const all = nodes.length;
  const counters = {
    open: count(0, ordinary, open),
    openFinal: count(ordinary, all, open),
    failures: count(0, ordinary, (of) => !open(of) && countsAs(of) === 'failed'),
    running: count(0, all, (of, node) => runningOf(graph.nodes[node]!.kind, of)),
    startable: count(0, all, (of, node) => isStartable(graph, node, of)),
  };
  const differences: Difference[] = [...nodeDifferences(index, run, nodes)];
  for (const [place, counted] of Object.entries(counters)) {
    const stored = run[place as keyof typeof counters];
    if (stored !== counted) differences.push({ place, stored, counted });
  }
  return differences;
};
