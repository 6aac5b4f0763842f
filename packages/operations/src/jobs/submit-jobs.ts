import {
  errorCatalogue,
  fieldPath,
  invalidInput,
  OrchestratorError,
  profileProblems,
  specProblems,
  type IdempotencyKey,
  type JobId,
  type JobSubmission,
  type NewJob,
  type Problem,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { projectOf, toNewJob } from './complete-spec.ts';
import { checkSecrets } from './check-secrets.ts';
import { resolveImages } from './resolve-images.ts';
import { resolveProfiles, type ProfileOf } from './resolve-profiles.ts';

export interface SubmittedJobs {
  readonly ids: readonly JobId[];
  /** True when an earlier request with the same key stored these jobs. */
  readonly replayed: boolean;
  /** What the submitter should know: an image registered at its first use. */
  readonly notices: readonly string[];
}

const refuseOutputs = (deps: OperationDeps, submissions: readonly JobSubmission[]): void => {
  if (deps.outputsSupported) return;
  const problems = submissions.flatMap((submission, index): Problem[] => {
    const field = submissions.length === 1 ? 'output' : `jobs[${index}].output`;
    return submission.output === true
      ? [{ field, message: 'cannot be declared: no output collector is set up here', value: 'true' }]
      : [];
  });
  if (problems.length > 0)
    throw new OrchestratorError('output_not_supported', errorCatalogue.output_not_supported.title, problems);
};

const pathIn =
  (submissions: readonly unknown[]) =>
  (index: number): readonly (string | number)[] =>
    submissions.length === 1 ? [] : ['jobs', index];

const refuseMerged = (
  jobs: readonly NewJob[],
  submissions: readonly JobSubmission[],
  profileOf: ProfileOf,
): void => {
  const pathOf = pathIn(jobs);
  const problems = jobs.flatMap(({ spec }, index) => [
    ...specProblems(spec, pathOf(index)),
    ...profileProblems(spec, profileOf(submissions[index]!), pathOf(index)),
  ]);
  if (problems.length > 0) throw invalidInput(problems);
};

const registeredNotice = (name: string): string =>
  `image ${name} was not registered; registered it now with the reference ${name}`;

const findReplay = async (
  deps: OperationDeps,
  submissions: readonly JobSubmission[],
  key: IdempotencyKey | undefined,
): Promise<SubmittedJobs | null> => {
  const first = submissions[0];
  if (key === undefined || first === undefined) return null;
  const ids = await deps.database.queue.findReplay(projectOf(first), key);
  return ids === null ? null : { ids, replayed: true, notices: [] };
};

/**
 * Stores jobs, all or none, which wakes the executors. The submissions must have passed `validateJobBatch`.
 * Throws `image_not_found`, `image_disabled`, `profile_not_found`, `secret_not_bound`, `secret_not_allowed`,
 * `output_not_supported`, `invalid_input` for what only shows once the defaults of image and profile are merged in,
 * `idempotency_key_reused`, `queue_full`.
 */
export const submitJobs = async (
  deps: OperationDeps,
  submissions: readonly JobSubmission[],
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<SubmittedJobs> => {
  const replay = await findReplay(deps, submissions, key);
  if (replay !== null) return replay;
  refuseOutputs(deps, submissions);
  const profileOf = await resolveProfiles(deps, submissions, (index) =>
    fieldPath([...pathIn(submissions)(index), 'profile']),
  );
  await checkSecrets(deps, submissions, pathIn(submissions));
  const { imageOf, registered } = await resolveImages(deps, submissions, context);
  const jobs = submissions.map((submission): NewJob =>
    toNewJob(submission, imageOf(submission), profileOf(submission), deps.newJobId()),
  );
  refuseMerged(jobs, submissions, profileOf);
  const { ids, replayed } = await deps.database.queue.insertJobs(jobs, context, key);
  return { ids, replayed, notices: registered.map(registeredNotice) };
};
