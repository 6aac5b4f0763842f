import type {
  DeadLetterDto,
  ExecutorDto,
  ImageDto,
  JobDetail,
  JobSummaryDto,
  OutputEntryDto,
  TopicDto,
} from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import type { ListView } from '../output/format.ts';
import type { Colours } from '../output/screen.ts';
import { between } from '../output/times.ts';

const paintState =
  (colours: Colours) =>
  (cell: string, { state }: Pick<JobSummaryDto, 'state'>): string => {
    if (state === 'completed') return colours.green(cell);
    if (state === 'failed') return colours.red(cell);
    if (state === 'running') return colours.cyan(cell);
    return state === 'cancelled' ? colours.yellow(cell) : cell;
  };

/** For how long a job's newest attempt ran: to its program's end, though nobody was there to record it then. */
export const ranFor = (
  {
    startedAt,
    attemptFinishedAt,
    finishedAt,
  }: Pick<JobSummaryDto, 'startedAt' | 'attemptFinishedAt' | 'finishedAt'>,
  now: Date,
): string => between(startedAt, attemptFinishedAt ?? finishedAt, now);

/** A job as lists have it: `reason` is why it failed, or why it waits. */
export const toSummary = (job: JobDetail): JobSummaryDto => ({
  ...job,
  name: job.spec.name,
  image: job.spec.image,
  reason: (isTerminalJobState(job.state) ? job.failure : job.waitingFor)?.reason ?? null,
});

/** How jobs are listed. */
export const jobsView = (now: Date, colours: Colours): ListView<JobSummaryDto> => ({
  kind: 'job',
  name: ({ id }) => id,
  whenEmpty: 'no jobs; submit one: job-orchestrator run hello -- echo hello',
  columns: [
    { header: 'ID', value: ({ id }) => shortId(id) },
    { header: 'NAME', value: ({ name }) => name ?? '–', drop: 1 },
    { header: 'STATE', value: ({ state }) => state, paint: paintState(colours) },
    { header: 'WHY', value: ({ reason }) => reason ?? '–', drop: 3 },
    { header: 'TRY', value: ({ attempt }) => String(attempt), drop: 4 },
    { header: 'EXIT', value: ({ exitCode }) => (exitCode === null ? '–' : String(exitCode)), drop: 5 },
    { header: 'TOPIC', value: ({ topic }) => topic, drop: 7 },
    { header: 'IMAGE', value: ({ image }) => image, drop: 6 },
    { header: 'RAN', value: (job) => ranFor(job, now), drop: 2 },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now), drop: 8 },
  ],
});

/** How the output files of a job are listed. */
export const outputsView = (whenEmpty: string): ListView<OutputEntryDto> => ({
  kind: 'output',
  name: ({ name }) => name,
  whenEmpty,
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'BYTES', value: ({ bytes }) => String(bytes) },
    { header: 'TYPE', value: ({ contentType }) => contentType, drop: 1 },
    { header: 'SHA-256', value: ({ digest }) => digest, drop: 2 },
  ],
});

/** How dead letters are listed: with what they died of. */
export const deadLettersView = (now: Date): ListView<DeadLetterDto> => ({
  kind: 'job',
  name: ({ id }) => id,
  whenEmpty: 'no dead letters: no failed job waits for a person',
  columns: [
    { header: 'ID', value: ({ id }) => shortId(id) },
    { header: 'NAME', value: ({ name }) => name ?? '–', drop: 2 },
    { header: 'TOPIC', value: ({ topic }) => topic, drop: 3 },
    { header: 'TRIES', value: ({ attempt }) => String(attempt), drop: 4 },
    { header: 'FAILED', value: ({ finishedAt }) => `${between(finishedAt, null, now)} ago`, drop: 1 },
    { header: 'AS', value: ({ reason, category }) => `${reason ?? 'unknown'} (${category})` },
    { header: 'MESSAGE', value: ({ message }) => message },
  ],
});

const outcome = ({ output, failure }: JobDetail): string => {
  if (output !== null) return JSON.stringify(output.value);
  return failure === null ? '–' : failure.message;
};

/** How ended jobs are listed, with what they brought. */
export const resultsView = (now: Date, colours: Colours): ListView<JobDetail> => ({
  kind: 'job',
  name: ({ id }) => id,
  whenEmpty: 'no jobs',
  columns: [
    { header: 'ID', value: ({ id }) => shortId(id) },
    { header: 'NAME', value: ({ spec }) => spec.name ?? '–', drop: 1 },
    { header: 'STATE', value: ({ state }) => state, paint: paintState(colours) },
    { header: 'TRIES', value: ({ attempt }) => String(attempt), drop: 2 },
    { header: 'RAN', value: (job) => ranFor(job, now), drop: 3 },
    { header: 'OUTPUT OR FAILURE', value: outcome },
  ],
});

export const imagesView: ListView<ImageDto> = {
  kind: 'image',
  name: ({ name }) => name,
  whenEmpty: 'no images; register one: job-orchestrator image add NAME REFERENCE',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'REFERENCE', value: ({ reference }) => reference },
    { header: 'ACTIVE', value: ({ active }) => (active ? 'yes' : 'no') },
    {
      header: 'COMMAND',
      value: ({ command, args }) => [...(command ?? []), ...(args ?? [])].join(' '),
      drop: 1,
    },
  ],
};

export const topicsView = (now: Date): ListView<TopicDto> => ({
  kind: 'topic',
  name: ({ name }) => name,
  whenEmpty: 'no topics yet; the first job submitted to a topic makes it',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'PAUSED', value: ({ paused }) => (paused ? 'yes' : 'no') },
    { header: 'LIMIT', value: ({ limit }) => (limit === null ? 'none' : String(limit)), drop: 0 },
    { header: 'SCHEDULED', value: ({ scheduled }) => String(scheduled), drop: 2 },
    { header: 'PENDING', value: ({ pending }) => String(pending) },
    { header: 'RUNNING', value: ({ claimed, running }) => String(claimed + running) },
    { header: 'OLDEST', value: ({ oldestPendingAt }) => between(oldestPendingAt, null, now), drop: 1 },
  ],
});

const executorState = ({ live, draining }: ExecutorDto): string => {
  if (!live) return 'gone';
  return draining ? 'draining' : 'live';
};

export const executorsView = (now: Date): ListView<ExecutorDto> => ({
  kind: 'executor',
  name: ({ name }) => name,
  whenEmpty: 'no executors; start one: job-orchestrator executor',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'STATE', value: executorState },
    { header: 'RUNTIME', value: ({ runtimeKind }) => runtimeKind },
    { header: 'TOPICS', value: ({ topics }) => topics?.join(',') ?? 'ALL', drop: 1 },
    { header: 'RUNNING', value: ({ running, maxRunning }) => `${running}/${maxRunning}` },
    { header: 'SET ASIDE', value: ({ setAside }) => (setAside.length === 0 ? '–' : String(setAside.length)) },
    { header: 'VERSION', value: ({ version }) => version, drop: 2 },
    { header: 'BEAT', value: ({ beatAt }) => `${between(beatAt, null, now)} ago`, drop: 3 },
  ],
});
