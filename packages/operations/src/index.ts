export * from './profiles/profiles.ts';
export type {
  DagRules,
  InputReads,
  NodePreview,
  OperationDeps,
  Repositories,
  ScheduleRules,
} from './dependencies.ts';
export * from './dead-letters/dead-letters.ts';
export * from './images/images.ts';
export * from './jobs/cancel-job.ts';
export { completeSpec } from './jobs/complete-spec.ts';
export * from './jobs/explain-waiting.ts';
export * from './jobs/find-job.ts';
export { retryJob } from './jobs/retry-job.ts';
export * from './jobs/submit-jobs.ts';
export * from './topics/topics.ts';
export * from './dags/again.ts';
export * from './dags/answer-approval.ts';
export * from './dags/apply-dag.ts';
export * from './dags/change-run.ts';
export * from './dags/delete-dag.ts';
export * from './dags/find-run.ts';
export { planRerun, type RepairPlan } from './dags/plan-rerun.ts';
export { planRun, type RunPlan } from './dags/plan-run.ts';
export { initialNode, initialRun } from './dags/run-progress.ts';
export { retryOf } from './dags/repair.ts';
export { rerun, type RepairedRun, type RerunChanges } from './dags/rerun.ts';
export * from './dags/start-run.ts';
export * from './schedules/backfills.ts';
export * from './schedules/scheduled-run.ts';
export * from './schedules/schedules.ts';
