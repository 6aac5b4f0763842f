import type { GraphNode, JsonValue } from '@job-orchestrator/types';
import { endItem, failFast } from './apply-ends.ts';
import { nodeOf, type Draft, type DraftNode } from './draft.ts';
import { finish } from './finish.ts';
import { scopeOf } from './scope.ts';

/** How many more of a `forEach` node's items its own limit lets out. */
export const itemRoom = (spec: GraphNode, of: DraftNode): number => {
  const items = of.items!;
  const out = items.started - items.completed - items.failed - items.cancelled;
  return Math.min(items.total - items.started, (spec.forEach?.maxParallel ?? Infinity) - out);
};

const waitsForItsTurn = <Job>(draft: Draft<Job>, node: number, group: number | null): boolean => {
  if (group === null) return false;
  const { inOrder, members } = draft.index.graph.groups[group]!;
  return inOrder && members[draft.groups[group]!.cursor] !== node;
};

/** How many node runs of this node the limits let out now. */
const roomFor = <Job>(draft: Draft<Job>, node: number): number => {
  const { graph } = draft.index;
  const { group } = graph.nodes[node]!;
  if (waitsForItsTurn(draft, node, group)) return 0;
  const overall = (graph.maxParallel ?? Infinity) - draft.run.running;
  if (group === null) return overall;
  // A member of a `sequential` group has its turn for all its items.
  const { maxParallel, inOrder } = graph.groups[group]!;
  return inOrder ? overall : Math.min(overall, (maxParallel ?? Infinity) - draft.groups[group]!.running);
};

const launch = <Job>(draft: Draft<Job>, node: number, item: number | null, job: Job): void => {
  draft.starts.push({ node, item, job });
  draft.run.running += 1;
  const { group } = draft.index.graph.nodes[node]!;
  if (group !== null) draft.groups[group]!.running += 1;
};

/** The value of an item; null when it is not known yet. */
const itemValue = <Job>(draft: Draft<Job>, node: number, item: number): { value: JsonValue } | null => {
  const expanded = draft.expanded.get(node);
  if (expanded !== undefined) return { value: expanded[item]! };
  const value = draft.view.items.get(node)?.get(item);
  return value === undefined ? null : { value };
};

const startItems = <Job>(draft: Draft<Job>, node: number, of: DraftNode, spec: GraphNode): void => {
  const scope = scopeOf(draft, spec.reads);
  if (scope === null) return;
  while (of.state !== 'failed' && itemRoom(spec, of) > 0 && roomFor(draft, node) > 0) {
    if (draft.starts.length >= draft.startsMost) {
      draft.again = true;
      return;
    }
    const item = of.items!.started;
    const known = itemValue(draft, node, item);
    if (known === null) {
      const count = Math.min(itemRoom(spec, of), roomFor(draft, node), draft.startsMost);
      draft.missing.items.set(node, { node, from: item, count });
      return;
    }
    const job = draft.expressions.job(spec, { ...scope, item: known.value });
    of.items = { ...of.items!, started: item + 1 };
    of.state = 'running';
    draft.changed.add(node);
    if (job.ok) launch(draft, node, item, job.value);
    else endItem(draft, node, item, of, { state: 'failed', reason: 'expression', message: job.message });
  }
  failFast(draft, node, of);
};

const startOne = <Job>(draft: Draft<Job>, node: number, of: DraftNode, spec: GraphNode): void => {
  const scope = scopeOf(draft, spec.reads);
  if (scope === null) return;
  const job = draft.expressions.job(spec, scope);
  draft.changed.add(node);
  if (job.ok) {
    of.state = 'running';
    launch(draft, node, null, job.value);
    return;
  }
  finish(draft, node, of, { state: 'failed', reason: 'expression', message: job.message });
  failFast(draft, node, of);
};

/** Starts what the limits let out, in order of index: what ends something on the way is settled by the caller. */
export const startReady = <Job>(draft: Draft<Job>): void => {
  const { graph } = draft.index;
  for (const node of [...draft.candidates].sort((one, two) => one - two)) {
    const of = nodeOf(draft, node);
    const spec = graph.nodes[node]!;
    if (of === null) continue;
    const open = of.items === null ? of.state === 'ready' : of.state === 'ready' || of.state === 'running';
    if (!open || of.stopping || (of.items !== null && itemRoom(spec, of) === 0)) continue;
    if (roomFor(draft, node) <= 0) continue;
    if (draft.starts.length >= draft.startsMost) {
      draft.again = true;
      return;
    }
    if (of.items === null) startOne(draft, node, of, spec);
    else startItems(draft, node, of, spec);
  }
};
