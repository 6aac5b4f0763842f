import type { DagRunSetup, JobId, PlanStep } from '@job-orchestrator/types';
import type { GraphIndex } from '../plan/graph-index.ts';
import { planAdvance } from '../plan/plan-advance.ts';
import { runExpressions } from './run-expressions.ts';

/** Node runs that one step starts: at 0.1 ms a job a step holds its run for about 200 ms. */
const startsMost = 2_000;

/** How the steps of one run are planned. Only the ids of new jobs are not pure. */
export const planStep = (setup: DagRunSetup, index: GraphIndex, newJobId: () => JobId): PlanStep => {
  const { id, dag, version, createdBy } = setup;
  const createdAt = setup.createdAt.toISOString();
  const facts = { id, dag, version, createdAt, createdBy, scheduledAt: null };
  const expressions = runExpressions(setup, index.graph);
  const constants = { index, inputs: setup.inputs, facts, expressions, startsMost };
  return (view, round) => {
    const answer = planAdvance(constants, view, round);
    if (answer.kind === 'needs') return answer;
    const starts = answer.plan.starts.map((start) => ({ ...start, job: { ...start.job, id: newJobId() } }));
    return { kind: 'plan', plan: { ...answer.plan, starts } };
  };
};
