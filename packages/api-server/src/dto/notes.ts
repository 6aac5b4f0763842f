import {
  isTerminalJobState,
  shortId,
  type DeadLetterDecision,
  type ExecutorRecord,
  type JobRecord,
  type RuntimeKind,
} from '@job-orchestrator/types';

const noImageNote =
  'the process runtime runs the command on this machine, without isolation; the image is not used';

/** What a submitter should know beside what the operation said. */
export const submitNotices = (runtime: RuntimeKind, notices: readonly string[]): readonly string[] =>
  runtime === 'process' ? [...notices, noImageNote] : notices;

const decisionNote = ({ kind, newJobId, at, actor, reason }: DeadLetterDecision): string => {
  const what = newJobId === null ? kind : `run again as job ${shortId(newJobId)} (${newJobId})`;
  return `${what} by ${actor} at ${at.toISOString()}: ${reason}`;
};

const setAsideNotes = (job: JobRecord, executors: readonly ExecutorRecord[]): readonly string[] =>
  executors.flatMap(({ name, live, setAside }) =>
    setAside
      .filter(({ jobId }) => live && jobId === job.id)
      .map(({ message }) => `executor ${name} sets it aside: ${message}`),
  );

/** What a reader of a job should know, in sentences. */
export const notesOf = (
  job: JobRecord,
  runtime: RuntimeKind,
  decision: DeadLetterDecision | null,
  executors: readonly ExecutorRecord[],
): readonly string[] => [
  ...setAsideNotes(job, executors),
  ...(runtime === 'process' ? [noImageNote] : []),
  ...(job.retryOf === null ? [] : [`this is a retry of job ${shortId(job.retryOf)} (${job.retryOf})`]),
  ...(decision === null ? [] : [decisionNote(decision)]),
  ...(job.cancelRequestedAt === null || isTerminalJobState(job.state)
    ? []
    : [`cancel was asked for at ${job.cancelRequestedAt.toISOString()}; its program is being ended`]),
];
