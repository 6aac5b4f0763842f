export type { OperationDeps, Repositories } from './dependencies.ts';
export * from './images/images.ts';
export * from './jobs/cancel-job.ts';
export { completeSpec } from './jobs/complete-spec.ts';
export * from './jobs/explain-waiting.ts';
export * from './jobs/find-job.ts';
export * from './jobs/retry-job.ts';
export * from './jobs/submit-jobs.ts';
export * from './topics/topics.ts';
