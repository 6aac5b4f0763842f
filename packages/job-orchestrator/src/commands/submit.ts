import { randomUUID } from 'node:crypto';
import type { JobSummaryDto } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { shortId } from '@job-orchestrator/types/ids';
import { readJobFile } from '../files/job-file.ts';
import { exitCodeOfStates, exitCodes } from '../output/exit-codes.ts';
import type { OutputFormat } from '../output/format-names.ts';
import { writeList } from '../output/format.ts';
import type { Screen } from '../output/screen.ts';
import { jobsView, resultsView } from '../views/job-views.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { interruptible, Interrupted } from './interrupt.ts';
import { withServer, type Session } from './session.ts';
import { watchJobs, type Standing } from './watch-jobs.ts';

export interface SubmitFlags extends ServerFlags, FormatFlags {
  readonly file: string;
  readonly wait?: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly idempotencyKey?: string;
}

const nameOf = ({ id, name }: JobSummaryDto): string =>
  name === null ? shortId(id) : `${shortId(id)} (${name})`;

const changeLine = (job: JobSummaryDto): string => {
  const { state, attempt, reason } = job;
  if (state === 'scheduled' && attempt > 0)
    return `${nameOf(job)} failed at attempt ${attempt}, will be tried again`;
  const again = attempt > 1 ? `, attempt ${attempt}` : '';
  return `${nameOf(job)} ${state}${again}${state === 'failed' && reason !== null ? `: ${reason}` : ''}`;
};

/** That a job stands in its queue is no news right after it was submitted. */
const isWorthALine = ({ state, attempt }: JobSummaryDto): boolean =>
  state !== 'pending' && state !== 'claimed' && (state !== 'scheduled' || attempt > 0);

const countsLine = (standing: Standing, total: number): string => {
  const counts = new Map<string, number>();
  for (const { state } of standing.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return `${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')} of ${total}`;
};

/** More jobs than this are told by their counts only. */
const toldSingly = 20;

const tell = (screen: Screen, standing: Standing, changed: readonly JobSummaryDto[], total: number): void => {
  if (total <= toldSingly) for (const job of changed.filter(isWorthALine)) screen.note(changeLine(job));
  else screen.note(countsLine(standing, total));
};

const writeJobs = (screen: Screen, format: OutputFormat, jobs: readonly JobSummaryDto[]): Promise<void> =>
  writeList(screen, format, jobsView(new Date(), screen.outColours), jobs);

const inOrder = (standing: Standing, ids: readonly string[]): JobSummaryDto[] =>
  ids.map((id) => standing.get(id)!);

const waitForAll = async (session: Session, ids: readonly string[], flags: SubmitFlags): Promise<number> => {
  const { client, screen } = session;
  await interruptible((signal) =>
    watchJobs(client, ids, {
      signal,
      timeoutMs: flags.timeout ?? null,
      onChange: (now, changed) => tell(screen, now, changed, ids.length),
    }),
  );
  const jobs = await Promise.all(ids.map((id) => client.getJob(id)));
  await writeList(screen, flags.format, resultsView(new Date(), screen.outColours), jobs);
  const code = exitCodeOfStates(jobs.map(({ state }) => state));
  if (code === exitCodes.stillRunning) screen.note('the time is over; what still runs goes on');
  return code;
};

const afterSubmit = async (session: Session, ids: readonly string[], flags: SubmitFlags): Promise<number> => {
  const signal = new AbortController().signal;
  const standing = await watchJobs(session.client, ids, { signal, timeoutMs: 0, onChange: () => undefined });
  await writeJobs(session.screen, flags.format, inOrder(standing, ids));
  return exitCodes.ok;
};

const submitFile = async (session: Session, flags: SubmitFlags): Promise<number> => {
  const jobs = await readJobFile(flags.file);
  const { screen, client } = session;
  const answer = await client.submitJobs(jobs, { idempotencyKey: flags.idempotencyKey ?? randomUUID() });
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
