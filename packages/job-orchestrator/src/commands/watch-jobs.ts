import type { Client } from '@job-orchestrator/client';
import type { JobState, JobSummaryDto } from '@job-orchestrator/types';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import { setTimeout as delay } from 'node:timers/promises';
import { toSummary } from '../views/job-views.ts';
import { rideThrough } from './ride-through.ts';

/** What is known of each job, by id. */
export type Standing = ReadonlyMap<string, JobSummaryDto>;

/** Pages of 500 that one look may read before it asks for the missing jobs one by one. */
const mostPages = 4;
const pauseMs = 400;

const summaryOf = async (client: Client, id: string, signal: AbortSignal): Promise<JobSummaryDto> =>
  toSummary(await client.getJob(id, { signal }));

const lookSingly = async (
  client: Client,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<JobSummaryDto[]> => {
  const found: JobSummaryDto[] = [];
  for (const id of ids) found.push(await summaryOf(client, id, signal));
  return found;
};

/** Just submitted jobs are the newest, so a page or two of the list has them all: one call, not one per job. */
const lookInList = async (
  client: Client,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<JobSummaryDto[]> => {
  const wanted = new Set(ids);
  const found: JobSummaryDto[] = [];
  let cursor: string | null = '';
  for (let page = 0; page < mostPages && cursor !== null && found.length < ids.length; page += 1) {
    const answer = await client.listJobs({ limit: 500, ...(cursor === '' ? {} : { cursor }) }, { signal });
    found.push(...answer.items.filter(({ id }) => wanted.has(id)));
    cursor = answer.next;
  }
  const seen = new Set(found.map(({ id }) => id));
  return [
    ...found,
    ...(await lookSingly(
      client,
      ids.filter((id) => !seen.has(id)),
      signal,
    )),
  ];
};

const look = (client: Client, ids: readonly string[], signal: AbortSignal): Promise<JobSummaryDto[]> =>
  ids.length <= 3 ? lookSingly(client, ids, signal) : lookInList(client, ids, signal);

export interface WatchOptions {
  readonly signal: AbortSignal;
  /** How long to wait, in milliseconds; null: until all have ended. */
  readonly timeoutMs: number | null;
  /** Called after each look at which something changed. */
  readonly onChange: (standing: Standing, changed: readonly JobSummaryDto[]) => void | Promise<void>;
  /** Called after each look, after `onChange`. */
  readonly onLook: (standing: Standing) => void | Promise<void>;
  /** Called when the server does not answer; it is asked again (`ride-through.ts`). */
  readonly onGone: () => void;
}

const hasEnded = ({ state }: { readonly state: JobState }): boolean => isTerminalJobState(state);

const differs = (before: JobSummaryDto | undefined, now: JobSummaryDto): boolean =>
  before?.state !== now.state || before.attempt !== now.attempt;

/** Looks at jobs until all have ended or the time is over; returns how they stand then. */
export const watchJobs = async (
  client: Client,
  ids: readonly string[],
  options: WatchOptions,
): Promise<Standing> => {
  const standing = new Map<string, JobSummaryDto>();
  const deadline = options.timeoutMs === null ? Infinity : performance.now() + options.timeoutMs;
  for (;;) {
    const open = ids.filter((id) => !hasEnded(standing.get(id) ?? { state: 'pending' }));
    const seen = await rideThrough(() => look(client, open, options.signal), options);
    const changed = seen.filter((job) => differs(standing.get(job.id), job));
    for (const job of seen) standing.set(job.id, job);
    if (changed.length > 0) await options.onChange(standing, changed);
    await options.onLook(standing);
    if ([...standing.values()].every(hasEnded) || performance.now() >= deadline) return standing;
    await delay(Math.min(pauseMs, Math.max(0, deadline - performance.now())), undefined, {
      signal: options.signal,
    }).catch(() => options.signal.throwIfAborted());
  }
};
