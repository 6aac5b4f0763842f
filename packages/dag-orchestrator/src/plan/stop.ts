import type { NodeReason, RunStop } from '@job-orchestrator/types';
import { knowsAll, nodeOf, type Draft, type DraftNode } from './draft.ts';
import { endReasons } from './end-reasons.ts';
import { finish, isTerminal, type NodeEnd } from './finish.ts';

const ends: Readonly<Record<RunStop, NodeEnd & { readonly reason: NodeReason }>> = {
  cancelled: { state: 'cancelled', reason: 'run_cancelled' },
  fail_fast: { state: 'skipped', reason: 'fail_fast' },
  deadline: { state: 'skipped', reason: 'run_deadline' },
};

const again = 'the run was cancelled a second time';
const itemFailed = 'another item failed, and failFast is set beside forEach';

/** What stopped a node whose job, run of a sub-DAG or question is cancelled; null: it was cancelled for itself. */
export const stopOf = <Work>(
  { run, view, index }: Draft<Work>,
  node: number,
  of: DraftNode,
): { readonly reason: NodeReason; readonly message: string | null } | null => {
  if (node >= index.ordinary)
    return view.wishes.cancelFinal ? { reason: 'run_cancelled', message: again } : null;
  if (run.stopping !== null) return { reason: ends[run.stopping].reason, message: run.stopText };
  return of.stopping ? { reason: 'fail_fast', message: itemFailed } : null;
};

/** Ends a node with `forEach` once its last item has ended. */
export const concludeItems = <Work>(draft: Draft<Work>, node: number, of: DraftNode): void => {
  const items = of.items!;
  if (items.completed + items.failed + items.cancelled < items.total) return;
  const all = `${items.total} items`;
  if (items.failed > 0)
    finish(draft, node, of, {
      state: 'failed',
      reason: 'items_failed',
      message: `${items.failed} of ${all} failed`,
    });
  else if (items.cancelled > 0) {
    const stop = stopOf(draft, node, of);
    const told = stop?.message ? `: ${stop.message}` : '';
    finish(draft, node, of, {
      state: 'cancelled',
      reason: stop?.reason ?? endReasons(draft.index.graph.nodes[node]!).cancelled,
      message: `${items.cancelled} of ${all} were cancelled${told}`,
    });
  } else finish(draft, node, of, { state: 'completed', reason: null });
};

/** Items that have not started never will; those that run are cancelled. */
export const stopItems = <Work>(
  draft: Draft<Work>,
  node: number,
  of: DraftNode,
  { reason, message }: { readonly reason: NodeReason; readonly message: string } = {
    reason: 'fail_fast',
    message: itemFailed,
  },
): void => {
  const { items } = of;
  if (items === null || of.stopping) return;
  of.stopping = true;
  draft.changed.add(node);
  draft.candidates.delete(node);
  if (items.started === items.total) return;
  draft.itemsCancelled.push({ node, from: items.started, reason, message });
  of.items = {
    ...items,
    started: items.total,
    cancelled: items.cancelled + items.total - items.started,
  };
};

/** Nobody need answer any more: there is no job whose end would end the node. */
const stopApproval = <Work>(draft: Draft<Work>, node: number, of: DraftNode, end: NodeEnd): void => {
  draft.approvalEnds.push({ node, state: 'cancelled' });
  finish(draft, node, of, { ...end, state: 'cancelled' });
};

interface Stop {
  readonly cause: RunStop;
  readonly message: string;
}

/** Ends what has not started between two indices, and asks for the end of what runs. */
const stopRange = <Work>(draft: Draft<Work>, from: number, to: number, { cause, message }: Stop): void => {
  const end = { ...ends[cause], message };
  for (let node = from; node < to; node += 1) {
    const of = nodeOf(draft, node);
    if (of === null || isTerminal(of.state)) continue;
    stopItems(draft, node, of, end);
    if (of.state !== 'running') finish(draft, node, of, end);
    else if (draft.index.graph.nodes[node]!.kind === 'approval') stopApproval(draft, node, of, end);
    else if (of.items !== null) concludeItems(draft, node, of);
  }
};

/** No ordinary node starts any more; those that run are cancelled. `message`: what stops the run. */
export const stopOrdinary = <Work>(draft: Draft<Work>, cause: RunStop, message: string): void => {
  if (!knowsAll(draft)) return;
  draft.run.stopping = cause;
  draft.run.stopText = message;
  draft.cancels.ordinary = true;
  stopRange(draft, 0, draft.index.ordinary, { cause, message });
};

/** No final node starts any more either. */
export const stopFinal = <Work>(draft: Draft<Work>): void => {
  if (!knowsAll(draft)) return;
  draft.cancels.final = true;
  const { length } = draft.index.graph.nodes;
  stopRange(draft, draft.index.ordinary, length, { cause: 'cancelled', message: again });
};
