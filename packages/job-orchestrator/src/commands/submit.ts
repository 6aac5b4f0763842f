import { randomUUID } from 'node:crypto';
import type { Client } from '@job-orchestrator/client';
import type { JobSummaryDto } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { readJobFile } from '../files/job-file.ts';
import { exitCodeOfStates, exitCodes } from '../output/exit-codes.ts';
import type { OutputFormat } from '../output/format-names.ts';
import { writeList } from '../output/format.ts';
import type { Screen } from '../output/screen.ts';
import { jobsView, resultsView } from '../views/job-views.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { rethrowPlaced } from './placed.ts';
import { rideThrough } from './ride-through.ts';
import { withServer, type Session } from './session.ts';
import { createWaitNews, nameOf } from './wait-news.ts';
import { watchJobs, type Standing } from './watch-jobs.ts';

export interface SubmitFlags extends ServerFlags, FormatFlags {
  readonly file: string;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly idempotencyKey?: string;
}

const isBetweenAttempts = ({ state, attempt }: JobSummaryDto): boolean =>
  state === 'scheduled' && attempt > 0;

/** `why`: of the attempt that failed, where another one follows. */
const changeLine = (job: JobSummaryDto, why: string | null): string => {
  const { state, attempt, reason } = job;
  if (isBetweenAttempts(job))
    return `${nameOf(job)} failed at attempt ${attempt}, will be tried again${why === null ? '' : `: ${why}`}`;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  return `${nameOf(job)} ${state}${again}${state === 'failed' && reason !== null ? `: ${reason}` : ''}`;
};

/** That a job stands in its queue is no news right after it was submitted. */
const isWorthALine = (job: JobSummaryDto): boolean =>
  !['pending', 'claimed', 'scheduled'].includes(job.state) || isBetweenAttempts(job);

const countsLine = (standing: Standing, total: number): string => {
  const counts = new Map<string, number>();
  for (const { state } of standing.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return `${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')} of ${total}`;
};

/** More jobs than this are told by their counts only. */
const toldSingly = 20;

/** A list does not say why an attempt failed. That it cannot be learned just now is no reason to stop. */
const whyRetried = async (client: Client, job: JobSummaryDto): Promise<string | null> => {
  if (!isBetweenAttempts(job)) return null;
  const detail = await client.getJob(job.id).catch(() => null);
  return detail?.failure?.message ?? null;
};

const tell = async (
  { client, screen }: Session,
  standing: Standing,
  changed: readonly JobSummaryDto[],
  total: number,
): Promise<void> => {
  if (total > toldSingly) return screen.note(countsLine(standing, total));
  for (const job of changed.filter(isWorthALine)) screen.note(changeLine(job, await whyRetried(client, job)));
};

const serverGone =
  ({ screen }: Session) =>
  (): void =>
    screen.note('the server does not answer; the jobs go on, and it is asked again');

const writeJobs = (screen: Screen, format: OutputFormat, jobs: readonly JobSummaryDto[]): Promise<void> =>
  writeList(screen, format, jobsView(new Date(), screen.outColours), jobs);

const inOrder = (standing: Standing, ids: readonly string[]): JobSummaryDto[] =>
  ids.map((id) => standing.get(id)!);

const waitForAll = async (session: Session, ids: readonly string[], flags: SubmitFlags): Promise<number> => {
  const { client, screen } = session;
  const onGone = serverGone(session);
  const jobs = await interruptible(async (signal) => {
    await watchJobs(client, ids, {
      signal,
      timeoutMs: flags.timeout ?? null,
      onChange: (now, changed) => tell(session, now, changed, ids.length),
      onLook: createWaitNews(session, signal),
      onGone,
    });
    return rideThrough(() => Promise.all(ids.map((id) => client.getJob(id, { signal }))), { signal, onGone });
  });
  await writeList(screen, flags.format, resultsView(new Date(), screen.outColours), jobs);
  const code = exitCodeOfStates(jobs.map(({ state }) => state));
  if (code === exitCodes.stillRunning) screen.note('the time is over; what still runs goes on');
  return code;
};

const afterSubmit = async (session: Session, ids: readonly string[], flags: SubmitFlags): Promise<number> => {
  const signal = new AbortController().signal;
  const nothing = (): void => undefined;
  const options = { signal, timeoutMs: 0, onChange: nothing, onLook: nothing, onGone: serverGone(session) };
  const standing = await watchJobs(session.client, ids, options);
  await writeJobs(session.screen, flags.format, inOrder(standing, ids));
  return exitCodes.ok;
};

const submitFile = async (session: Session, flags: SubmitFlags): Promise<number> => {
  const file = await readJobFile(flags.file);
  const { screen, client } = session;
  const answer = await client
    .submitJobs(file.jobs, { idempotencyKey: flags.idempotencyKey ?? randomUUID() })
    .catch(rethrowPlaced(file.place));
  for (const notice of answer.notices) screen.note(notice);
  const ids = answer.jobs.map(({ id }) => id);
  screen.note(
    `${ids.length} ${ids.length === 1 ? 'job' : 'jobs'} ${answer.replayed ? 'submitted before' : 'submitted'}`,
  );
  if (flags.wait !== true) return afterSubmit(session, ids, flags);
  try {
    return await waitForAll(session, ids, flags);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    screen.note('the jobs go on; see them: job-orchestrator get jobs');
    return exitCodes.interrupted;
  }
};

/** `submit`: stores the jobs of a file, all or none, and waits for their end if asked. */
export const submit = async (cli: Cli, flags: SubmitFlags): Promise<number> => {
  if (flags.timeout !== undefined && flags.wait !== true)
    throw new OrchestratorError('invalid_input', '--timeout says how long --wait waits; give both', [
      { field: '--timeout', message: 'takes --wait' },
    ]);
  return withServer(cli, flags, (session) => submitFile(session, flags));
};
