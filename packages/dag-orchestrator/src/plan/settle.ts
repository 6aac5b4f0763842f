import type { GraphNode, NodeReason } from '@job-orchestrator/types';
import { failFast } from './apply-ends.ts';
import { limitProblem, nodeOf, type Draft, type DraftNode } from './draft.ts';
import { finish, isTerminal } from './finish.ts';
import { scopeOf } from './scope.ts';
import { skipText } from './skip-text.ts';
import { verdictOf } from './trigger-rules.ts';

const fail = <Work>(
  draft: Draft<Work>,
  node: number,
  of: DraftNode,
  { message, reason = 'expression' }: { readonly message: string; readonly reason?: NodeReason },
): void => {
  finish(draft, node, of, { state: 'failed', reason, message });
  failFast(draft, node, of);
};

/** The items of a node with `forEach`; false when it has ended instead. */
const expand = <Work>(draft: Draft<Work>, node: number, of: DraftNode, spec: GraphNode): boolean => {
  const scope = scopeOf(draft, spec.reads);
  if (scope === null) return false;
  const items = draft.expressions.items(spec, scope);
  if (!items.ok) {
    fail(draft, node, of, items);
    return false;
  }
  const total = items.value.length;
  const message = limitProblem(draft, total * (1 + draft.expressions.nodeRunsOf(spec)));
  if (message !== null) {
    fail(draft, node, of, { message, reason: 'limit' });
    return false;
  }
  draft.run.nodeRuns += total;
  of.items = { total, started: 0, completed: 0, failed: 0, cancelled: 0 };
  if (total === 0) {
    finish(draft, node, of, { state: 'skipped', reason: 'empty', message: 'forEach gave an empty list' });
    return false;
  }
  draft.expanded.set(node, items.value);
  return true;
};

/** True once every node that its expressions read has ended; the end of the last one settles it again. */
const canRead = <Work>(draft: Draft<Work>, { reads }: GraphNode): boolean =>
  reads.every((read) => isTerminal(nodeOf(draft, read)?.state ?? 'waiting'));

/** The trigger rule holds: the condition decides, then the items. */
const admit = <Work>(draft: Draft<Work>, node: number, of: DraftNode): void => {
  const spec = draft.index.graph.nodes[node]!;
  if (!canRead(draft, spec)) return;
  if (spec.when !== null) {
    const scope = scopeOf(draft, spec.reads);
    if (scope === null) return;
    const holds = draft.expressions.condition(spec, scope);
    if (!holds.ok) return fail(draft, node, of, holds);
    if (!holds.value) {
      const message = draft.expressions.whyFalse(spec, scope);
      return finish(draft, node, of, { state: 'skipped', reason: 'condition', message });
    }
  }
  if (spec.forEach !== null && !expand(draft, node, of, spec)) return;
  of.state = 'ready';
  draft.changed.add(node);
  draft.candidates.add(node);
};

const skip = <Work>(draft: Draft<Work>, node: number, of: DraftNode, reason: NodeReason): void =>
  finish(draft, node, of, { state: 'skipped', reason, message: skipText(draft, node, reason) });

/** Asks the trigger rule of each node of which a parent has ended, and so on down the graph; without recursion. */
export const settle = <Work>(draft: Draft<Work>): void => {
  for (let node = draft.unsettled.pop(); node !== undefined; node = draft.unsettled.pop()) {
    // A final node that reads an ordinary one is told of its end too early.
    if (node >= draft.index.ordinary && draft.run.phase === 'main') continue;
    const of = nodeOf(draft, node);
    if (of === null || of.state !== 'waiting') continue;
    const { triggerRule, needs } = draft.index.graph.nodes[node]!;
    const verdict = verdictOf(triggerRule, of.parents, needs.length);
    if (verdict.kind === 'skip') skip(draft, node, of, verdict.reason);
    else if (verdict.kind === 'run') admit(draft, node, of);
  }
};
