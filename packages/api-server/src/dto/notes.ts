import { isTerminalJobState, shortId, type JobRecord, type RuntimeKind } from '@job-orchestrator/types';

const noImageNote =
  'the process runtime runs the command on this machine, without isolation; the image is not used';

/** What a submitter should know beside what the operation said. */
export const submitNotices = (runtime: RuntimeKind, notices: readonly string[]): readonly string[] =>
  runtime === 'process' ? [...notices, noImageNote] : notices;

/** What a reader of a job should know, in sentences. */
export const notesOf = (job: JobRecord, runtime: RuntimeKind): readonly string[] => [
  ...(runtime === 'process' ? [noImageNote] : []),
  ...(job.retryOf === null ? [] : [`this is a retry of job ${shortId(job.retryOf)} (${job.retryOf})`]),
  ...(job.cancelRequestedAt === null || isTerminalJobState(job.state)
    ? []
    : [`cancel was asked for at ${job.cancelRequestedAt.toISOString()}; its program is being ended`]),
];
