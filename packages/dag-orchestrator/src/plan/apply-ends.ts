import type { NodeJobEnd } from '@job-orchestrator/types';
import { nodeOf, type Draft, type DraftNode } from './draft.ts';
import { endReasons } from './end-reasons.ts';
import { countOut, finish, type NodeEnd } from './finish.ts';
import { concludeItems, stopItems, stopOf, stopOrdinary } from './stop.ts';

/** How a node run ends whose job or sub-DAG has ended: a result that misses its schema is a failure of the node. */
const toEnd = <Work>(draft: Draft<Work>, end: NodeJobEnd, of: DraftNode): NodeEnd => {
  const node = draft.index.graph.nodes[end.node]!;
  const stop = end.state === 'cancelled' ? stopOf(draft, end.node, of) : null;
  if (stop !== null) return { state: 'cancelled', ...stop };
  if (end.state !== 'completed')
    return { state: end.state, reason: endReasons(node)[end.state], message: end.message };
  const problem = node.outputs === null ? null : draft.expressions.outputProblem(node, end.output);
  return problem === null
    ? { state: 'completed', reason: end.reason ?? null }
    : { state: 'failed', reason: 'output', message: problem };
};

/** Counts the end of one item. */
export const endItem = <Work>(
  draft: Draft<Work>,
  node: number,
  item: number,
  of: DraftNode,
  end: NodeEnd,
): void => {
  const state = end.state === 'skipped' ? 'cancelled' : end.state;
  of.items = { ...of.items!, [state]: of.items![state] + 1 };
  draft.changed.add(node);
  draft.candidates.add(node);
  draft.itemEnds.push({ node, item, state, reason: end.reason, message: end.message ?? null });
  if (state === 'failed' && draft.index.graph.nodes[node]!.forEach?.failFast === true) {
    stopItems(draft, node, of);
    draft.cancels.nodes.push(node);
  }
  concludeItems(draft, node, of);
};

/** The first failed node stops a run with `failFast`. */
export const failFast = <Work>(draft: Draft<Work>, node: number, of: DraftNode): void => {
  const { graph, ordinary } = draft.index;
  const stops = graph.failFast && of.state === 'failed' && node < ordinary;
  if (stops && draft.run.stopping === null)
    stopOrdinary(draft, 'fail_fast', `${graph.nodes[node]!.name} failed, and the DAG has failFast`);
};

/** Takes the ends of jobs and sub-DAGs into the draft. */
export const applyEnds = <Work>(draft: Draft<Work>): void => {
  for (const end of draft.view.ends) {
    const of = nodeOf(draft, end.node);
    if (of === null) continue;
    countOut(draft, end.node, -1);
    if (end.item === null) finish(draft, end.node, of, toEnd(draft, end, of));
    else endItem(draft, end.node, end.item, of, toEnd(draft, end, of));
    failFast(draft, end.node, of);
  }
};
