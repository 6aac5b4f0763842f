import {
  isClosedAttemptState,
  isTerminalJobState,
  type EventDto,
  type JobDetail,
} from '@job-orchestrator/types';

/** All that an installation says of one job. */
export interface JobStory {
  readonly job: JobDetail;
  readonly events: readonly EventDto[];
}

const terminalKinds = new Set<string>(['completed', 'failed', 'cancelled']);

const jobComplaints = ({ job }: JobStory): string[] =>
  isTerminalJobState(job.state) ? [] : [`is ${job.state}, which is not terminal`];

const eventComplaints = ({ job, events }: JobStory): string[] => {
  const endings = events.filter((event) => terminalKinds.has(event.kind));
  return [
    ...(events.every((event, index) => event.seq === index + 1) ? [] : ['its events have gaps']),
    ...(endings.length === 1 ? [] : [`has ${endings.length} terminal events instead of one`]),
    ...(events.at(-1)?.kind === job.state
      ? []
      : [`is ${job.state}, but its last event is ${events.at(-1)?.kind}`]),
  ];
};

const attemptComplaints = ({ job }: JobStory): string[] =>
  job.attempts.flatMap((attempt, index) => {
    const before = job.attempts[index - 1];
    const overlaps =
      before !== undefined && Date.parse(before.closedAt ?? '9999') > Date.parse(attempt.claimedAt);
    return [
      ...(attempt.number === index + 1 ? [] : [`its attempt ${index + 1} has number ${attempt.number}`]),
      ...(isClosedAttemptState(attempt.state)
        ? []
        : [`its attempt ${attempt.number} is still ${attempt.state}`]),
      ...(overlaps ? [`its attempt ${attempt.number} began before attempt ${before.number} was closed`] : []),
      ...(attempt.state === 'succeeded' && index !== job.attempts.length - 1
        ? [`its attempt ${attempt.number} succeeded, yet another followed`]
        : []),
    ];
  });

const endComplaints = ({ job }: JobStory): string[] => {
  const succeeded = job.attempts.at(-1)?.state === 'succeeded';
  return (job.state === 'completed') === succeeded
    ? []
    : [`is ${job.state}, but its last attempt is ${job.attempts.at(-1)?.state ?? 'missing'}`];
};

/** What is wrong with a job that should be over by now: nothing, for every job of a sound installation. */
export const complaintsAboutJob = (story: JobStory): string[] =>
  [jobComplaints, eventComplaints, attemptComplaints, endComplaints]
    .flatMap((check) => check(story))
    .map((complaint) => `job ${story.job.id} ${complaint}`);

/** What is wrong with all jobs together: each submitted one exists exactly once, no other exists, each is sound. */
export const complaintsAbout = (submitted: readonly string[], stories: readonly JobStory[]): string[] => {
  const found = new Set(stories.map((story) => story.job.id));
  const wanted = new Set(submitted);
  return [
    ...submitted.filter((id) => !found.has(id)).map((id) => `job ${id} was accepted and is lost`),
    ...[...found].filter((id) => !wanted.has(id)).map((id) => `job ${id} was never submitted`),
    ...(found.size === stories.length ? [] : ['a job is listed twice']),
    ...stories.flatMap(complaintsAboutJob),
  ];
};
