import type { NodeJobEnd } from '@job-orchestrator/types';
import { nodeOf, type Draft, type DraftNode } from './draft.ts';
import { finish, release, type NodeEnd } from './finish.ts';
import { concludeItems, stopItems, stopOrdinary } from './stop.ts';

/** How a node run ends whose job has ended: a result that misses its schema is a failure of the node. */
const toEnd = <Job>(draft: Draft<Job>, end: NodeJobEnd): NodeEnd => {
  const node = draft.index.graph.nodes[end.node]!;
  if (end.state === 'failed') return { state: 'failed', reason: 'job_failed', message: end.message };
  if (end.state === 'cancelled') return { state: 'cancelled', reason: 'job_cancelled', message: end.message };
  const problem =
    node.kind === 'job' && node.outputs !== null ? draft.expressions.outputProblem(node, end.output) : null;
  return problem === null
    ? { state: 'completed', reason: null }
    : { state: 'failed', reason: 'output', message: problem };
};

/** Counts the end of one item. */
export const endItem = <Job>(
  draft: Draft<Job>,
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
    stopItems(draft, node, of, 'fail_fast');
    draft.cancels.nodes.push(node);
  }
  concludeItems(draft, node, of);
};

/** The first failed node stops a run with `failFast`. */
export const failFast = <Job>(draft: Draft<Job>, node: number, of: DraftNode): void => {
  const stops = draft.index.graph.failFast && of.state === 'failed' && node < draft.index.ordinary;
  if (stops && draft.run.stopping === null) stopOrdinary(draft, 'fail_fast');
};

/** Takes the ends of jobs into the draft. */
export const applyEnds = <Job>(draft: Draft<Job>): void => {
  for (const end of draft.view.ends) {
    const of = nodeOf(draft, end.node);
    if (of === null) continue;
    release(draft, end.node);
    if (end.item === null) finish(draft, end.node, of, toEnd(draft, end));
    else endItem(draft, end.node, end.item, of, toEnd(draft, end));
    failFast(draft, end.node, of);
  }
};
