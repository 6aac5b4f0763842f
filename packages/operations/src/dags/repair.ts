import {
  countsAs,
  type DagGraph,
  type DagRunId,
  type EndedNode,
  type ParentCounts,
  type Repair,
  type RunProgress,
  type RunRetry,
} from '@job-orchestrator/types';
import type { Wanted } from './again.ts';
import { initialRun } from './run-progress.ts';

/** A run that ended, as far as a new one may keep of it. */
export interface EndedRun {
  readonly id: DagRunId;
  readonly nodes: readonly EndedNode[];
}

type Again = ReadonlyMap<number, string>;

const keptNodes = ({ nodes }: DagGraph, again: Again): readonly number[] =>
  [...nodes.keys()].filter((node) => !again.has(node));

const parentsOf = (graph: DagGraph, ended: readonly EndedNode[], again: Again): readonly ParentCounts[] =>
  graph.nodes.map(({ needs }) => {
    const counts = { completed: 0, failed: 0, skipped: 0 };
    for (const need of needs) if (!again.has(need)) counts[countsAs(ended[need]!)] += 1;
    return counts;
  });

/** Where a run begins that keeps the ends of all nodes but these. */
const progressOf = (graph: DagGraph, ended: readonly EndedNode[], again: Again): RunProgress => {
  const first = initialRun(graph);
  const kept = keptNodes(graph, again);
  const failures = kept.filter((node) => countsAs(ended[node]!) === 'failed').length;
  const keptItems = kept.reduce((sum, node) => sum + (ended[node]!.items?.total ?? 0), 0);
  return { ...first, open: first.open - kept.length, failures, nodeRuns: first.nodeRuns + keptItems };
};

/** True for a node that runs again for what is its own: nobody asked for it, and nothing above it runs again. */
const isRepaired = ({ nodes }: DagGraph, again: Again, { from }: Wanted, node: number): boolean => {
  const { needs, reads, final, name } = nodes[node]!;
  if (!again.has(node) || final || (from.kind === 'node' && from.name === name)) return false;
  return ![...needs, ...reads].some((other) => again.has(other));
};

/** True where what each item does is what it did, but for its value. */
const sameWork = (graph: DagGraph, { changed, inputReads }: Wanted, node: number): boolean =>
  changed.size === 0 || !inputReads(graph, node).work.some((name) => changed.has(name));

const repairOf = (graph: DagGraph, { id, nodes }: EndedRun, again: Again, wanted: Wanted): Repair => {
  const items: number[] = [];
  const children: Record<string, DagRunId> = {};
  for (const [node, { forEach }] of graph.nodes.entries()) {
    if (!isRepaired(graph, again, wanted, node)) continue;
    const { items: counts, childRun } = nodes[node]!;
    if (forEach !== null && counts !== null && sameWork(graph, wanted, node)) items.push(node);
    if (forEach === null && childRun !== null) children[node] = childRun;
  }
  return { run: id, items, children };
};

/** A run that runs these nodes of an ended one again and keeps the others: where it begins, and what it has. */
export const retryOf = (
  graph: DagGraph,
  old: EndedRun,
  again: Again,
  wanted: Wanted,
): RunRetry & { readonly progress: RunProgress } => {
  const kept = keptNodes(graph, again);
  const repair = repairOf(graph, old, again, wanted);
  return {
    graph,
    progress: progressOf(graph, old.nodes, again),
    parents: parentsOf(graph, old.nodes, again),
    kept: { run: old.id, nodes: kept, again, repair },
  };
};
