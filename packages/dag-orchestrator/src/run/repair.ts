import { changedInputs, isForOthers, nodesToRerun, retryOf } from '@job-orchestrator/operations';
import {
  nodeRunKey,
  type AdvancePlan,
  type ChildRunDraft,
  type DagRunId,
  type JsonValue,
  type PlanRequest,
  type PlanView,
  type PriorEntry,
  type PriorItem,
  type PriorRun,
  type Repair,
} from '@job-orchestrator/types';
import { canonicalJson } from '../compile/canonical-json.ts';
import { inputReads } from '../expressions/input-reads.ts';
import type { KnownRun } from './graphs.ts';
import type { WorkDraft } from './node-work.ts';

type Plan = AdvancePlan<WorkDraft>;
type Start = Plan['starts'][number];
type Priors = readonly (PriorItem | null)[];

/** Of each value, how the item with an equal value ended: the first with the first, the second with the second. */
export const matchItems = (values: readonly JsonValue[], entries: readonly PriorEntry[]): Priors => {
  const byValue = new Map<string, PriorItem[]>();
  for (const { value, prior } of entries.toReversed()) {
    const key = canonicalJson(value);
    const same = byValue.get(key) ?? [];
    same.push(prior);
    byValue.set(key, same);
  }
  return values.map((value) => byValue.get(canonicalJson(value))?.pop() ?? null);
};

/** By node: how the items that became known in this step ended in the run that is repaired. */
const matched = ({ priorLists }: PlanView, { expanded }: Plan): ReadonlyMap<number, Priors> =>
  new Map(
    expanded.flatMap(({ node, values }) => {
      const entries = priorLists?.get(node);
      return entries === undefined ? [] : [[node, matchItems(values, entries)] as const];
    }),
  );

interface Past {
  readonly view: PlanView;
  readonly repair: Repair;
  readonly matched: ReadonlyMap<number, Priors>;
}

/** How an item ended in the run that is repaired; undefined: that is not known yet. */
const priorOf = ({ view, repair, matched: lists }: Past, start: Start): PriorItem | null | undefined => {
  const { node, item } = start;
  if (item === null || !repair.items.includes(node)) return null;
  return lists.get(node)?.[item] ?? view.priors?.get(nodeRunKey(start));
};

/** The run that a run of a sub-DAG may be a retry of; null: it begins from its beginning. */
const earlierRun = (past: Past, start: Start): DagRunId | null => {
  if (start.work.kind !== 'dag') return null;
  if (start.item === null) return past.repair.children[start.node] ?? null;
  const prior = priorOf(past, start);
  return prior?.state === 'completed' ? null : (prior?.child ?? null);
};

const pastOf = ({ setup }: KnownRun, view: PlanView, plan: Plan): Past | null =>
  setup.repair === null ? null : { view, repair: setup.repair, matched: matched(view, plan) };

type PastRequest = Pick<PlanRequest, 'priorLists' | 'priors' | 'priorRuns'>;

/** What has to be known of the run that this one repairs before these starts are settled; null: nothing. */
export const repairRequest = (run: KnownRun, view: PlanView, plan: Plan): PastRequest | null => {
  const past = pastOf(run, view, plan);
  if (past === null) return null;
  const { repair } = past;
  const expanded = plan.expanded.map(({ node }) => node).filter((node) => repair.items.includes(node));
  const nodes = expanded.filter((node) => !past.matched.has(node));
  if (nodes.length > 0) return { priorLists: { from: repair.run, nodes } };
  const isKnown = new Set(expanded);
  const priors = plan.starts.filter(
    (start) => !isKnown.has(start.node) && priorOf(past, start) === undefined,
  );
  if (priors.length > 0) return { priors };
  const runs = plan.starts.flatMap((start) => earlierRun(past, start) ?? []);
  const priorRuns = runs.filter((id) => view.priorRuns?.has(id) !== true);
  return priorRuns.length > 0 ? { priorRuns } : null;
};

/** A run of a sub-DAG that keeps what it can of an earlier one; where nothing of that failed, one from its beginning. */
const retried = (draft: ChildRunDraft, old: PriorRun): ChildRunDraft => {
  const { graph, nodes } = old;
  const isSame = old.dag === draft.dag && old.version === draft.version;
  if (!isSame || nodes.length < graph.nodes.length) return draft;
  const changed = changedInputs(old.inputs, draft.inputs);
  const wanted = { from: { kind: 'failed' }, changed, inputReads } as const;
  const again = nodesToRerun(graph, nodes, wanted);
  if ([...again.values()].every(isForOthers)) return draft;
  const { progress, ...retry } = retryOf(graph, old, again, wanted);
  return { ...draft, progress, retry };
};

/** The start, or in its place that of a node run which takes what the repaired run has of it. */
const repaired = (past: Past, start: Start): Start => {
  const prior = priorOf(past, start);
  if (prior?.state === 'completed') {
    const { state: _, ...from } = prior;
    return { ...start, work: { kind: 'reuse', from } };
  }
  const earlier = earlierRun(past, start);
  const old = earlier === null ? null : past.view.priorRuns?.get(earlier);
  const { work } = start;
  return work.kind === 'dag' && old ? { ...start, work: { ...work, run: retried(work.run, old) } } : start;
};

/** The plan with all that it takes over of the run that this one repairs. */
export const repairedPlan = (run: KnownRun, view: PlanView, plan: Plan): Plan => {
  const past = pastOf(run, view, plan);
  if (past === null) return plan;
  return {
    ...plan,
    expanded: plan.expanded.map((of) => {
      const priors = past.matched.get(of.node);
      return priors === undefined ? of : { ...of, priors };
    }),
    starts: plan.starts.map((start) => repaired(past, start)),
  };
};
