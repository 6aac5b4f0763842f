import {
  countsAs,
  type DagGraph,
  type DagRunState,
  type GraphNode,
  type NodeReason,
  type NodeRunState,
} from '@job-orchestrator/types';

/**
 * How the work of each node would end, were it to run: the items of one with `forEach`, one entry else. Of an approval,
 * `completed` means approved, `failed` rejected, and `cancelled` that nobody answers.
 */
export interface Outcome {
  readonly condition: boolean | 'error';
  readonly items: readonly ('completed' | 'failed' | 'cancelled')[];
}

export interface Ended {
  readonly state: NodeRunState;
  readonly reason: NodeReason | null;
}

const skipped = (reason: NodeReason): Ended => ({ state: 'skipped', reason });

/** Written apart from the planner's rules, from the table of docs/dag-semantics.md: parents in, verdict out. */
const skipReason = ({ triggerRule, needs }: GraphNode, ends: readonly Ended[]): NodeReason | null => {
  const parents = needs.map((parent) => countsAs(ends[parent]!));
  const some = (kind: string): boolean => parents.some((parent) => parent === kind);
  if (parents.length === 0 || triggerRule === 'always' || triggerRule === 'all_done') return null;
  switch (triggerRule) {
    case 'all_success':
      return some('failed') ? 'upstream_failed' : some('skipped') ? 'upstream_skipped' : null;
    case 'all_failed':
      return some('completed') || some('skipped') ? 'rule_not_met' : null;
    case 'all_done_min_one_success':
      return some('skipped') ? 'upstream_skipped' : some('completed') ? null : 'upstream_failed';
    case 'one_success':
      return some('completed') ? null : some('failed') ? 'upstream_failed' : 'upstream_skipped';
    case 'one_failed':
      return some('failed') ? null : 'rule_not_met';
    case 'one_done':
      return some('completed') || some('failed') ? null : 'upstream_skipped';
    case 'none_failed':
      return some('failed') ? 'upstream_failed' : null;
    case 'none_failed_min_one_success':
      return some('failed') ? 'upstream_failed' : some('completed') ? null : 'upstream_skipped';
    case 'none_skipped':
      return some('skipped') ? 'upstream_skipped' : null;
    case 'all_skipped':
      return some('completed') || some('failed') ? 'rule_not_met' : null;
  }
};

const answered = (outcome: Outcome['items'][number], onTimeout: 'fail' | 'approve'): Ended => {
  if (outcome === 'failed') return { state: 'failed', reason: 'rejected' };
  if (outcome === 'cancelled' && onTimeout === 'fail') return { state: 'failed', reason: 'approval_timeout' };
  return { state: 'completed', reason: null };
};

const work = (node: GraphNode, { condition, items }: Outcome): Ended => {
  if (node.when !== null && condition === 'error') return { state: 'failed', reason: 'expression' };
  if (node.when !== null && condition === false) return skipped('condition');
  if (node.kind === 'approval') return answered(items[0]!, node.onTimeout);
  const what = node.kind === 'dag' ? 'sub_dag' : 'job';
  if (node.forEach === null) {
    const reasons = { completed: null, failed: `${what}_failed`, cancelled: `${what}_cancelled` } as const;
    return { state: items[0]!, reason: reasons[items[0]!] };
  }
  if (items.length === 0) return skipped('empty');
  if (items.includes('failed')) return { state: 'failed', reason: 'items_failed' };
  return items.includes('cancelled')
    ? { state: 'cancelled', reason: `${what}_cancelled` }
    : { state: 'completed', reason: null };
};

const mainState = ({ nodes }: DagGraph, ends: readonly Ended[]): DagRunState => {
  const ordinary = nodes.flatMap(({ final }, node) => (final ? [] : [node]));
  const bad = (node: number): boolean => countsAs(ends[node]!) === 'failed';
  const ran = ({ state, reason }: Ended): boolean =>
    state !== 'skipped' || reason === 'condition' || reason === 'empty';
  // Whether some path of `upstream_failed` nodes leads to a node whose rule held.
  const handled = new Map<number, boolean>();
  for (const node of ordinary.toReversed()) {
    const children = ordinary.filter((child) => nodes[child]!.needs.includes(node));
    handled.set(
      node,
      children.some(
        (child) => ran(ends[child]!) || (ends[child]!.reason === 'upstream_failed' && handled.get(child)),
      ),
    );
  }
  return ordinary.every((node) => !bad(node) || handled.get(node)) ? 'completed' : 'failed';
};

/** How a whole run ends, without `failFast`, cancel or deadline: pure, from graph and outcomes, in one pass. */
export const reference = (
  graph: DagGraph,
  outcomes: readonly Outcome[],
): { readonly ends: readonly Ended[]; readonly state: DagRunState } => {
  const ends: Ended[] = [];
  for (const [index, node] of graph.nodes.entries()) {
    const reason = skipReason(node, ends);
    ends.push(reason === null ? work(node, outcomes[index]!) : skipped(reason));
  }
  const main = mainState(graph, ends);
  const finalFailed = graph.nodes.some(({ final }, node) => final && countsAs(ends[node]!) === 'failed');
  return { ends, state: main === 'completed' && finalFailed ? 'failed' : main };
};
