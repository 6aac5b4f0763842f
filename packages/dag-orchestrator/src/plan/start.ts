import { topicOf, type ExpressionScope, type GraphNode, type JsonValue } from '@job-orchestrator/types';
import { endItem, failFast } from './apply-ends.ts';
import type { Evaluated } from './expressions.ts';
import { limitProblem, nodeOf, type Draft, type DraftNode } from './draft.ts';
import { countOut, finish } from './finish.ts';
import { takesPlace } from './graph-index.ts';
import { scopeOf } from './scope.ts';

/** How many more of a `forEach` node's items its own limit lets out. */
export const itemRoom = (spec: GraphNode, of: DraftNode): number => {
  const items = of.items!;
  const out = items.started - items.completed - items.failed - items.cancelled;
  return Math.min(items.total - items.started, (spec.forEach?.maxParallel ?? Infinity) - out);
};

const waitsForItsTurn = <Work>(draft: Draft<Work>, node: number, group: number | null): boolean => {
  if (group === null) return false;
  const { inOrder, members } = draft.index.graph.groups[group]!;
  return inOrder && members[draft.groups[group]!.cursor] !== node;
};

/** True for a node whose jobs have no room in their topic. */
export const isHeld = <Work>({ view }: Draft<Work>, spec: GraphNode): boolean =>
  view.fullTopics?.has(topicOf(spec) ?? '') === true;

/** How many node runs of this node the limits let out now. */
const roomFor = <Work>(draft: Draft<Work>, node: number): number => {
  const { graph } = draft.index;
  const { group } = graph.nodes[node]!;
  if (isHeld(draft, graph.nodes[node]!)) return 0;
  if (waitsForItsTurn(draft, node, group)) return 0;
  if (!takesPlace(graph.nodes[node]!)) return Infinity;
  const overall = (graph.maxParallel ?? Infinity) - draft.run.running;
  if (group === null) return overall;
  // A member of a `sequential` group has its turn for all its items.
  const { maxParallel, inOrder } = graph.groups[group]!;
  return inOrder ? overall : Math.min(overall, (maxParallel ?? Infinity) - draft.groups[group]!.running);
};

const launch = <Work>(draft: Draft<Work>, node: number, item: number | null, work: Work): void => {
  const inside = draft.expressions.nodeRunsOf(draft.index.graph.nodes[node]!);
  draft.starts.push({ node, item, work });
  draft.begun += 1 + inside;
  draft.inside += inside;
  countOut(draft, node, 1);
};

/** What the node runs in this scope, unless that would be more node runs than there may be. */
const workOf = <Work>(draft: Draft<Work>, spec: GraphNode, scope: ExpressionScope): Evaluated<Work> => {
  const message = limitProblem(draft, draft.expressions.nodeRunsOf(spec));
  return message === null ? draft.expressions.work(spec, scope) : { ok: false, message, reason: 'limit' };
};

/** One step begins no more than it should: the others follow in the next one. */
const isFull = <Work>(draft: Draft<Work>): boolean => {
  if (draft.begun < draft.startsMost) return false;
  draft.again = true;
  return true;
};

/** The value of an item; null when it is not known yet. */
const itemValue = <Work>(draft: Draft<Work>, node: number, item: number): { value: JsonValue } | null => {
  const expanded = draft.expanded.get(node);
  if (expanded !== undefined) return { value: expanded[item]! };
  const value = draft.view.items.get(node)?.get(item);
  return value === undefined ? null : { value };
};

const startItems = <Work>(draft: Draft<Work>, node: number, of: DraftNode, spec: GraphNode): void => {
  const scope = scopeOf(draft, spec.reads);
  if (scope === null) return;
  while (of.state !== 'failed' && itemRoom(spec, of) > 0 && roomFor(draft, node) > 0) {
    if (isFull(draft)) return;
    const item = of.items!.started;
    const known = itemValue(draft, node, item);
    if (known === null) {
      const count = Math.min(itemRoom(spec, of), roomFor(draft, node), draft.startsMost);
      draft.missing.items.set(node, { node, from: item, count });
      return;
    }
    const work = workOf(draft, spec, { ...scope, item: known.value });
    of.items = { ...of.items!, started: item + 1 };
    of.state = 'running';
    draft.changed.add(node);
    if (work.ok) launch(draft, node, item, work.value);
    else endItem(draft, node, item, of, { state: 'failed', reason: 'expression', ...work });
  }
  failFast(draft, node, of);
};

const startOne = <Work>(draft: Draft<Work>, node: number, of: DraftNode, spec: GraphNode): void => {
  const scope = scopeOf(draft, spec.reads);
  if (scope === null) return;
  const work = workOf(draft, spec, scope);
  draft.changed.add(node);
  if (work.ok) {
    of.state = 'running';
    launch(draft, node, null, work.value);
    return;
  }
  finish(draft, node, of, { state: 'failed', reason: 'expression', ...work });
  failFast(draft, node, of);
};

/** Starts what the limits let out, in order of index: what ends something on the way is settled by the caller. */
export const startReady = <Work>(draft: Draft<Work>): void => {
  const { graph } = draft.index;
  for (const node of [...draft.candidates].sort((one, two) => one - two)) {
    const of = nodeOf(draft, node);
    const spec = graph.nodes[node]!;
    if (of === null) continue;
    const open = of.items === null ? of.state === 'ready' : of.state === 'ready' || of.state === 'running';
    if (!open || of.stopping || (of.items !== null && itemRoom(spec, of) === 0)) continue;
    if (roomFor(draft, node) <= 0) continue;
    if (isFull(draft)) return;
    if (of.items === null) startOne(draft, node, of, spec);
    else startItems(draft, node, of, spec);
  }
};
