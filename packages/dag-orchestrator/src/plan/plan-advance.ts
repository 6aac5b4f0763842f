import {
  spanText,
  type PlanAnswer,
  type PlannedNode,
  type PlanRequest,
  type PlanView,
  type TerminalDagRunState,
} from '@job-orchestrator/types';
import { applyApprovals } from './approvals.ts';
import { applyEnds } from './apply-ends.ts';
import { createDraft, isMissing, knowsAll, nodeOf, type Draft, type RunConstants } from './draft.ts';
import { mainStateOf } from './end-state.ts';
import { moveCursor } from './finish.ts';
import { withDescendants } from './graph-index.ts';
import { scopeOf } from './scope.ts';
import { settle } from './settle.ts';
import { isHeld, startReady } from './start.ts';
import { stopFinal, stopOrdinary } from './stop.ts';
import { gateOf, isLimited, isStartable } from './startable.ts';
import { verdictOf } from './trigger-rules.ts';

/** The first step of a run: every node that waits for nothing. Of a run that keeps results of another, every node. */
const begin = <Work>(draft: Draft<Work>): void => {
  const { nodes } = draft.index.graph;
  draft.run.state = 'running';
  const fresh = draft.run.open === draft.index.ordinary;
  if (!fresh && !knowsAll(draft)) return;
  // Of a run that keeps ends of another, the first members of a sequential group may have ended before.
  if (!fresh) draft.index.graph.groups.forEach(({ inOrder }, group) => inOrder && moveCursor(draft, group));
  for (let node = 0; node < draft.index.ordinary; node += 1) {
    const { triggerRule, needs } = nodes[node]!;
    const parents = { completed: 0, failed: 0, skipped: 0 };
    if (!fresh || verdictOf(triggerRule, parents, needs.length).kind === 'run') draft.unsettled.push(node);
  }
};

const beginFinal = <Work>(draft: Draft<Work>): void => {
  const mainState = mainStateOf(draft, () => knowsAll(draft));
  if (mainState === null) return;
  draft.run.mainState = mainState;
  draft.run.phase = 'final';
  for (let node = draft.index.ordinary; node < draft.index.graph.nodes.length; node += 1)
    draft.unsettled.push(node);
};

const endRun = <Work>(draft: Draft<Work>, state: TerminalDagRunState): void => {
  draft.run.state = state;
  if (state !== 'completed') return;
  const scope = scopeOf(draft, draft.index.graph.outputReads);
  if (scope === null) return;
  const outputs = draft.expressions.outputs(scope);
  if (outputs.ok) {
    draft.run.outputs = outputs.value;
    return;
  }
  draft.run.state = 'failed';
  draft.run.message = outputs.message;
};

/** A failed final node fails a run that would have completed. */
const finalState = <Work>(draft: Draft<Work>): TerminalDagRunState | null => {
  const { mainState } = draft.run;
  if (mainState !== 'completed' || draft.index.ordinary === draft.index.graph.nodes.length) return mainState;
  if (!knowsAll(draft)) return null;
  for (let node = draft.index.ordinary; node < draft.index.graph.nodes.length; node += 1) {
    const { state, reason } = nodeOf(draft, node)!;
    if (state === 'failed' || state === 'cancelled' || reason === 'upstream_failed') return 'failed';
  }
  return 'completed';
};

const stopAsAsked = <Work>(draft: Draft<Work>): void => {
  const { wishes } = draft.view;
  const { stopping, phase } = draft.run;
  const canStop = phase === 'main' && stopping === null;
  if (canStop && wishes.cancel)
    stopOrdinary(draft, 'cancelled', `the run was cancelled: ${wishes.cancelReason ?? 'no reason given'}`);
  else if (canStop && wishes.overdue)
    stopOrdinary(
      draft,
      'deadline',
      `the run's deadline of ${spanText(draft.index.graph.deadlineSeconds)} passed (deadlineSeconds)`,
    );
  if (draft.run.phase === 'final' && wishes.cancelFinal && draft.run.openFinal > 0) stopFinal(draft);
};

/** How many stored nodes could start of each group at most: what its limit and the run's leave free. */
const startableWanted = <Work>({ index, view, startsMost }: Draft<Work>): PlanRequest['startable'] => {
  const { graph } = index;
  const free = (graph.maxParallel ?? Infinity) - view.run.running + view.ends.length;
  const room = index.asks ? startsMost : Math.min(startsMost, free);
  const limited = graph.groups.flatMap((spec, group) => {
    if (!isLimited(spec)) return [];
    const own = spec.inOrder ? 1 : spec.maxParallel! - view.run.groups[group]!.running + view.ends.length;
    return [{ group, limit: Math.min(room, own) }];
  });
  return [{ group: null, limit: room }, ...limited].filter(({ limit }) => limit > 0);
};

const heldNodes = <Work>(draft: Draft<Work>): PlanRequest['held'] =>
  draft.index.graph.nodes.flatMap((spec, node) => (isHeld(draft, spec) ? [node] : []));

/** Limits freed by ends, or lifted by a resume, let stored nodes start. */
const addStartable = <Work>(draft: Draft<Work>): void => {
  if (draft.view.run.startable === 0 || draft.view.wishes.paused) return;
  if (draft.view.startable === null) draft.missing.startable = startableWanted(draft).length > 0;
  else for (const node of draft.view.startable) draft.candidates.add(node);
};

const goOn = <Work>(draft: Draft<Work>): void => {
  for (;;) {
    settle(draft);
    if (!draft.view.wishes.paused) startReady(draft);
    if (draft.unsettled.length > 0) continue;
    if (isMissing(draft) || draft.run.phase === 'final' || draft.run.open > 0) return;
    beginFinal(draft);
    stopAsAsked(draft);
  }
};

const requestOf = <Work>(draft: Draft<Work>, round: number): PlanRequest => {
  const { missing, index } = draft;
  return {
    nodes: new Set([...withDescendants(index, missing.nodes, 4 ** round), ...missing.looks]),
    all: missing.all,
    outputs: missing.outputs,
    items: [...missing.items.values()],
    otherNodeRuns: missing.otherNodeRuns,
    startable: missing.startable ? startableWanted(draft) : [],
    held: missing.startable ? heldNodes(draft) : [],
  };
};

const plannedNodes = <Work>(draft: Draft<Work>): ReadonlyMap<number, PlannedNode> => {
  const planned = new Map<number, PlannedNode>();
  for (const node of draft.changed) {
    const of = draft.nodes.get(node)!;
    const startable = isStartable(draft.index.graph, node, of);
    const before = draft.view.nodes.get(node)!;
    draft.run.startable += Number(startable) - Number(isStartable(draft.index.graph, node, before));
    const { state, reason, message, parents, items, stopping } = of;
    const gate = gateOf(draft.index.graph, node);
    planned.set(node, { state, reason, message, parents, items, stopping, startable, gate });
  }
  return planned;
};

/**
 * The next step of a run: what follows from the ends of jobs and sub-DAGs, from what people asked
 * or answered, and from the time that is given; nothing else. Pure. Where
 * the view does not show enough, it says what it needs; `round` counts the answers before, and each lets it ask for four
 * times as many generations of descendants, so that a chain of 10,000 skips takes 8 rounds.
 * Linear in the nodes and edges that it touches.
 */
export const planAdvance = <Work>(
  constants: RunConstants<Work>,
  view: PlanView,
  round = 0,
): PlanAnswer<Work> => {
  const draft = createDraft(constants, view);
  applyEnds(draft);
  applyApprovals(draft);
  if (draft.run.state === 'pending') begin(draft);
  stopAsAsked(draft);
  addStartable(draft);
  goOn(draft);
  const over = draft.run.phase === 'final' && draft.run.openFinal === 0;
  const state = over && !isMissing(draft) ? finalState(draft) : null;
  if (state !== null) endRun(draft, state);
  if (isMissing(draft)) return { kind: 'needs', request: requestOf(draft, round) };
  const nodes = plannedNodes(draft);
  const expanded = [...draft.expanded].map(([node, values]) => ({ node, values }));
  const { itemEnds, itemsCancelled, starts, approvalEnds, cancels, again } = draft;
  const run = { ...draft.run, groups: draft.groups };
  const { ordinary } = draft.index;
  const changes = { nodes, expanded, itemEnds, itemsCancelled, starts, approvalEnds, cancels };
  return { kind: 'plan', plan: { run, ...changes, ordinary, again } };
};
