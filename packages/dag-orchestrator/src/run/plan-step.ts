import { limits, type DagRunId, type JobId, type NewNodeWork, type PlanStep } from '@job-orchestrator/types';
import { planAdvance } from '../plan/plan-advance.ts';
import type { KnownRun } from './graphs.ts';
import type { WorkDraft } from './node-work.ts';
import { repairedPlan, repairRequest } from './repair.ts';
import { nothingElse, reuseRequest, reusing } from './reuse.ts';
import { runExpressions } from './run-expressions.ts';

/** Node runs that one step starts: at 0.1 ms a job a step holds its run for about 100 ms. */
const startsMost = 1_000;

/** Where new ids come from. */
export interface NewIds {
  readonly newJobId: () => JobId;
  readonly newDagRunId: () => DagRunId;
}

const withId = (work: WorkDraft, { newJobId, newDagRunId }: NewIds): NewNodeWork => {
  if (work.kind === 'job') return { ...work, job: { ...work.job, id: newJobId() } };
  return work.kind === 'dag' ? { ...work, run: { ...work.run, id: newDagRunId() } } : work;
};

/** How the steps of one run are planned. Only the ids of new jobs and runs are not pure. */
export const planStep = (run: KnownRun, ids: NewIds): PlanStep => {
  const { setup, index } = run;
  const { id, dag, version, createdBy } = setup;
  const createdAt = setup.createdAt.toISOString();
  const scheduledAt = setup.scheduledAt?.toISOString() ?? null;
  const facts = { id, dag, version, createdAt, createdBy, scheduledAt };
  const expressions = runExpressions(run);
  const bounds = { startsMost, nodeRunsMost: limits.dag.nodeRuns };
  const constants = { index, inputs: setup.inputs, facts, expressions, ...bounds };
  return (view, round) => {
    const answer = planAdvance(constants, view, round);
    if (answer.kind === 'needs') return answer;
    const past = repairRequest(run, view, answer.plan);
    if (past !== null) return { kind: 'needs', request: { ...nothingElse, ...past } };
    const plan = repairedPlan(run, view, answer.plan);
    const request = reuseRequest(run, view, plan.starts);
    if (request !== null) return { kind: 'needs', request };
    const starts = plan.starts
      .map((start) => reusing(view, start))
      .map((start) => ({ ...start, work: withId(start.work, ids) }));
    return { kind: 'plan', plan: { ...plan, starts } };
  };
};
