import type {
  AttemptDto,
  AttemptRecord,
  DeadLetter,
  DeadLetterDto,
  EventDto,
  ExecutorDto,
  ExecutorRecord,
  Image,
  ImageDto,
  JobDetail,
  JobEvent,
  JobRecord,
  JobSummary,
  JobSummaryDto,
  Profile,
  ProfileDto,
  SecretBinding,
  SecretBindingDto,
  Topic,
  TopicDto,
  Waiting,
} from '@job-orchestrator/types';

const iso = (at: Date): string => at.toISOString();
const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

export const toJobSummary = (job: JobSummary): JobSummaryDto => ({
  ...job,
  createdAt: iso(job.createdAt),
  startedAt: isoOrNull(job.startedAt),
  finishedAt: isoOrNull(job.finishedAt),
  attemptFinishedAt: isoOrNull(job.attemptFinishedAt),
});

export const toDeadLetter = ({ category, message, ...job }: DeadLetter): DeadLetterDto => ({
  ...toJobSummary(job),
  category,
  message,
});

export const toAttempt = (attempt: AttemptRecord): AttemptDto => ({
  ...attempt,
  claimedAt: iso(attempt.claimedAt),
  launchedAt: isoOrNull(attempt.launchedAt),
  startedAt: isoOrNull(attempt.startedAt),
  finishedAt: isoOrNull(attempt.finishedAt),
  closedAt: isoOrNull(attempt.closedAt),
});

/** What a job's page shows beside its record. */
export interface JobSurroundings {
  readonly attempts: readonly AttemptRecord[];
  readonly waitingFor: Waiting | null;
  readonly notes: readonly string[];
}

export const toJobDetail = (job: JobRecord, around: JobSurroundings): JobDetail => {
  // `waitingFor` says more: it also knows of topics and executors.
  const { waiting: _, ...record } = job;
  return {
    ...record,
    createdAt: iso(job.createdAt),
    runAt: iso(job.runAt),
    startedAt: isoOrNull(job.startedAt),
    finishedAt: isoOrNull(job.finishedAt),
    attemptFinishedAt: isoOrNull(job.attemptFinishedAt),
    cancelRequestedAt: isoOrNull(job.cancelRequestedAt),
    waitingFor: around.waitingFor,
    attempts: around.attempts.map(toAttempt),
    notes: around.notes,
  };
};

export const toEvent = (event: JobEvent): EventDto => ({ ...event, at: iso(event.at) });

const withTimes = <Thing extends { readonly createdAt: Date; readonly updatedAt: Date }>(thing: Thing) => ({
  ...thing,
  createdAt: iso(thing.createdAt),
  updatedAt: iso(thing.updatedAt),
});

export const toImage = (image: Image): ImageDto => withTimes(image);

export const toProfile = (profile: Profile): ProfileDto => withTimes(profile);

export const toSecretBinding = (binding: SecretBinding): SecretBindingDto => withTimes(binding);

export const toTopic = (topic: Topic): TopicDto => ({
  ...topic,
  oldestPendingAt: isoOrNull(topic.oldestPendingAt),
});

export const toExecutor = (executor: ExecutorRecord): ExecutorDto => ({
  ...executor,
  startedAt: iso(executor.startedAt),
  beatAt: iso(executor.beatAt),
});
