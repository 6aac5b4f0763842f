import type { AttemptDto, EventDto, JobDetail, OutputEntryDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { resultName } from '@job-orchestrator/types/outputs';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { renderTable } from '../output/table.ts';
import { between, timeText } from '../output/times.ts';
import { labelled } from '../output/wrap.ts';
import { ranFor } from './job-views.ts';
import { waitedFor, waitLimit } from './wait-limit.ts';
import { whatToDo } from './what-to-do.ts';
import { ranAs } from './where-it-ran.ts';

const commandText = ({ spec }: JobDetail): string =>
  [...(spec.command ?? []), ...(spec.args ?? [])]
    .map((word) => (/^[\w./:=@%+-]+$/.test(word) ? word : JSON.stringify(word)))
    .join(' ');

const tries = (count: number): string => (count === 1 ? '1 attempt' : `${count} attempts`);

/** The job's story so far in one sentence. */
const headline = (job: JobDetail, now: Date): string => {
  const ran = ranFor(job, now);
  if (job.state === 'completed') return `It completed after ${tries(job.attempt)}, in ${ran}.`;
  if (job.state === 'cancelled') return `It was cancelled after ${tries(job.attempt)}.`;
  if (job.state === 'failed') return `It failed for good after ${tries(job.attempt)}.`;
  if (job.cancelRequestedAt !== null)
    return job.waitingFor?.reason === 'runtime_unreachable'
      ? 'It is being cancelled; its runtime has not answered yet.'
      : 'It is being cancelled; its program is asked to end.';
  if (job.state === 'running') return `It runs: attempt ${job.attempt}, for ${ran} so far.`;
  if (job.state === 'claimed') return `Its attempt ${job.attempt} was claimed; its program does not run yet.`;
  return job.attempt === 0
    ? 'It waits for its first attempt.'
    : `It waits for its next attempt, after ${tries(job.attempt)}.`;
};

const failureText = ({ message, reason, category }: NonNullable<JobDetail['failure']>): string =>
  `${message} (${reason}, ${category})`;

const outputText = ({ output }: JobDetail): string | null => {
  if (output === null) return null;
  const text = JSON.stringify(output.value);
  return text.length <= 400 ? text : `${text.slice(0, 400)}… (${output.bytes} bytes; all of it: -o json)`;
};

const shownFiles = 8;

/** The output files beside the result. */
const filesText = (job: JobDetail, outputs: readonly OutputEntryDto[]): string | null => {
  const files = outputs.filter(({ name }) => name !== resultName);
  if (files.length === 0) return null;
  const shown = files.slice(0, shownFiles).map(({ name, bytes }) => `${name} (${bytes} bytes)`);
  const more = files.length > shownFiles ? ` and ${files.length - shownFiles} more` : '';
  return `${shown.join(', ')}${more}; job-orchestrator outputs ${shortId(job.id)}`;
};

const mapText = (map: Readonly<Record<string, string>>): string | null =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ') || null;

/** What it asks for, requests and limits apart. */
const resourcesText = ({ spec: { resources } }: JobDetail): string | null => {
  const parts = [
    ['requests', mapText(resources?.requests ?? {})],
    ['limits', mapText(resources?.limits ?? {})],
    ['/dev/shm', resources?.sharedMemory ?? null],
  ] as const;
  return parts.flatMap(([name, text]) => (text === null ? [] : [`${name} ${text}`])).join('; ') || null;
};

/** What ran under the image's name, which may move; by attempts where it did. */
const ranImage = ({ attempts }: JobDetail): string | null => {
  const ran = attempts.flatMap(({ number, imageDigest }) =>
    imageDigest === null ? [] : [{ number, imageDigest }],
  );
  const digests = [...new Set(ran.map(({ imageDigest }) => imageDigest))];
  if (digests.length <= 1) return digests[0] ?? null;
  const numbers = (digest: string): string =>
    ran.flatMap(({ number, imageDigest }) => (imageDigest === digest ? [number] : [])).join(', ');
  return digests.map((digest) => `try ${numbers(digest)}: ${digest}`).join('; ');
};

/** Its own budget had another try left, and its own rules did not allow it. */
const keptFromRetry = ({ state, failure, retriesUsed, spec: { retry } }: JobDetail): boolean =>
  state === 'failed' &&
  (failure?.category === 'user_error' || failure?.category === 'timeout') &&
  (retry.on !== undefined || retry.never !== undefined) &&
  retriesUsed.user < retry.maxRetries;

/** What the budgets have paid for; null where none was used and the job has none of its own. */
const retriesText = (job: JobDetail): string | null => {
  const {
    retriesUsed: used,
    spec: { retry },
  } = job;
  const told = [
    used.user > 0 || retry.maxRetries > 0 ? `${used.user} of ${retry.maxRetries} (maxRetries)` : null,
    used.infrastructure > 0
      ? `${used.infrastructure} of ${retry.infrastructureRetries} (infrastructureRetries)`
      : null,
    used.output > 0 ? `${used.output} for its output` : null,
  ].filter((text) => text !== null);
  const kept = keptFromRetry(job) ? '; retry.on or retry.never keeps this failure from another try' : '';
  return told.length === 0 ? null : `used ${told.join(', ')}${kept}`;
};

/** Label and text of each line; null: nothing to say. */
const facts = (
  job: JobDetail,
  events: readonly EventDto[],
  outputs: readonly OutputEntryDto[],
  now: Date,
): readonly (readonly [string, string | null])[] => [
  ['Id', job.id],
  ['Topic', `${job.topic}, priority ${job.priority}`],
  ['Image', `${job.spec.image} (${job.spec.imageReference})`],
  ['Image ran', ranImage(job)],
  ['Command', commandText(job) || 'that of the image'],
  ['Labels', mapText(job.spec.labels)],
  ['Profile', job.spec.profile ?? null],
  ['Secrets', mapText(job.spec.secretEnv ?? {})],
  ['Kueue queue', job.spec.localQueue ?? null],
  ['Resources', resourcesText(job)],
  ['Submitted', `${timeText(job.createdAt)} by ${job.createdBy}`],
  ['Retry of', job.retryOf === null ? null : shortId(job.retryOf)],
  ['Story', headline(job, now)],
  ranAs(job),
  ['Waits for', isTerminalJobState(job.state) ? null : (job.waitingFor?.message ?? null)],
  ['Until', waitLimit(job, events)],
  [
    job.state === 'failed' ? 'Failed as' : 'Last failure',
    job.failure === null ? null : failureText(job.failure),
  ],
  ['Waited for', waitedFor(job, events)],
  ['Retries', retriesText(job)],
  ['What to do', whatToDo(job)],
  ['Output', outputText(job)],
  ['Files', filesText(job, outputs)],
  ...job.notes.map((note) => ['Note', note] as const),
];

const ending = ({ failure, state, exitCode }: AttemptDto): string => {
  if (failure !== null) return failure.message;
  return exitCode === null ? state : `exit code ${exitCode}`;
};

const memoryOf = ({ resources }: AttemptDto): string => resources?.limits?.['memory'] ?? '–';

/** Memory is only worth a column where it grew. */
const memoryColumn = (attempts: readonly AttemptDto[]) =>
  new Set(attempts.map(memoryOf)).size > 1 ? [{ header: 'MEMORY', value: memoryOf, drop: 2 }] : [];

const nodeOf = ({ node }: AttemptDto): string => node ?? '–';

/** Of one node it was told already where it ran. */
const nodeColumn = (attempts: readonly AttemptDto[]) =>
  new Set(attempts.map(nodeOf)).size > 1 ? [{ header: 'NODE', value: nodeOf, drop: 3 }] : [];

const attemptsTable = (attempts: readonly AttemptDto[], now: Date, columns: number): string =>
  renderTable(
    [
      { header: 'TRY', value: ({ number }) => String(number) },
      { header: 'STATE', value: ({ state }) => state },
      {
        header: 'WAITED',
        value: ({ claimedAt, startedAt, closedAt }) => between(claimedAt, startedAt ?? closedAt, now),
        drop: 1,
      },
      {
        header: 'RAN',
        // Whose end nobody saw ran until that was found.
        value: ({ startedAt, finishedAt, closedAt }) => between(startedAt, finishedAt ?? closedAt, now),
      },
      ...memoryColumn(attempts),
      ...nodeColumn(attempts),
      { header: 'ENDED WITH', value: (attempt) => (attempt.closedAt === null ? '–' : ending(attempt)) },
    ],
    attempts,
    columns,
    'wrap',
  );

const eventsTable = (events: readonly EventDto[], columns: number): string =>
  renderTable(
    [
      { header: 'TIME', value: ({ at }) => timeText(at).slice(11), drop: 2 },
      { header: 'EVENT', value: ({ kind }) => kind },
      { header: 'TRY', value: ({ attempt }) => (attempt === null ? '–' : String(attempt)), drop: 1 },
      { header: 'WHY', value: ({ reason }) => reason },
    ],
    events,
    columns,
    'wrap',
  );

/** How many events are shown at most: the newest. */
const shownEvents = 30;

/** The whole story of a job in plain words: how it stands, why it waits or failed, what to do, and what happened. */
export const jobStory = (
  job: JobDetail,
  events: readonly EventDto[],
  outputs: readonly OutputEntryDto[],
  now: Date,
  columns: number,
  colours: Colours,
): string => {
  const title = `Job ${shortId(job.id)}${job.spec.name === null ? '' : ` (${job.spec.name})`}: ${job.state}`;
  const lines = facts(job, events, outputs, now).flatMap(([label, text]) =>
    text === null ? [] : labelled(label, safeLine(text), 14, columns),
  );
  const left = events.length > shownEvents ? ` (the last ${shownEvents} of ${events.length})` : '';
  return [
    colours.bold(title),
    ...lines,
    ...(job.attempts.length === 0
      ? []
      : ['', colours.bold('Attempts'), attemptsTable(job.attempts, now, columns).trimEnd()]),
    '',
    colours.bold(`Events${left}`),
    eventsTable(events.slice(-shownEvents), columns),
  ].join('\n');
};
