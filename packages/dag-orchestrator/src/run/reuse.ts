import {
  nodeRunKey,
  type AdvancePlan,
  type PlanRequest,
  type PlanView,
  type ReuseRequest,
} from '@job-orchestrator/types';
import type { KnownRun } from './graphs.ts';
import type { WorkDraft } from './node-work.ts';

type Start = AdvancePlan<WorkDraft>['starts'][number];

/** What a request asks for that asks for nothing. */
export const nothingElse: PlanRequest = {
  nodes: new Set(),
  all: false,
  outputs: new Set(),
  items: [],
  otherNodeRuns: false,
  startable: [],
  held: [],
};

const requestOf = ({ setup, index }: KnownRun, { node, item, work }: Start): ReuseRequest[] => {
  const spec = index.graph.nodes[node]!;
  if (setup.noCache || work.kind !== 'job' || work.cacheKey === undefined || spec.kind !== 'job') return [];
  return [{ node, item, cacheKey: work.cacheKey, maxAgeSeconds: spec.cache?.maxAgeSeconds ?? null }];
};

/** What has to be asked before these starts are settled; null: nothing. */
export const reuseRequest = (run: KnownRun, view: PlanView, starts: readonly Start[]): PlanRequest | null => {
  const reusable = starts
    .flatMap((start) => requestOf(run, start))
    .filter((request) => view.reusable?.has(nodeRunKey(request)) !== true);
  return reusable.length === 0 ? null : { ...nothingElse, reusable };
};

/**
 * The start, or in its place that of a node run that takes the result of another. To the planner both are the same: one
 * that reuses is out like any other, and ends in the next step.
 */
export const reusing = (view: PlanView, start: Start): Start => {
  const from = view.reusable?.get(nodeRunKey(start)) ?? null;
  return from === null ? start : { ...start, work: { kind: 'reuse', from } };
};
