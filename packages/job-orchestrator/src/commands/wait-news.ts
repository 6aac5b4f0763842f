import type { JobSummaryDto } from '@job-orchestrator/types';
import { isTerminalJobState } from '@job-orchestrator/types/states';
import { shortId } from '@job-orchestrator/types/ids';
import { whatToDo } from '../views/what-to-do.ts';
import type { Session } from './session.ts';
import type { Standing } from './watch-jobs.ts';

/** How a job is called in a line about it. */
export const nameOf = ({ id, name }: Pick<JobSummaryDto, 'id' | 'name'>): string =>
  name === null ? shortId(id) : `${shortId(id)} (${name})`;

/** How often jobs that wait are asked why, in milliseconds. */
const askEveryMs = 1_000;
/** One job of a group is asked, and of no more groups than this: the answer costs the server a look at a whole topic. */
const mostGroups = 5;

/** Jobs that wait for the same: of one topic in the queue, or with one reason once they are claimed. */
export const waitingGroups = (jobs: readonly JobSummaryDto[]): readonly (readonly JobSummaryDto[])[] => {
  const groups = new Map<string, JobSummaryDto[]>();
  for (const job of jobs) {
    const { state, project, topic, reason } = job;
    if (isTerminalJobState(state) || state === 'scheduled' || (state !== 'pending' && reason === null))
      continue;
    const key = state === 'pending' ? `${project}/${topic}` : `${state} ${reason}`;
    groups.set(key, [...(groups.get(key) ?? []), job]);
  }
  return [...groups.values()].slice(0, mostGroups);
};

const waitLine = ([first, ...others]: readonly JobSummaryDto[], message: string): string =>
  others.length === 0
    ? `${nameOf(first!)} waits: ${message}`
    : `${nameOf(first!)} and ${others.length} more wait: ${message}`;

/**
 * Tells on stderr what jobs wait for, each time it is something new; nothing of a wait that passes by itself. What it returns
 * is called at each look, and asks no more than once a second.
 */
export const createWaitNews = ({ client, screen }: Session, signal: AbortSignal) => {
  let [told, nextAt] = [new Set<string>(), performance.now() + askEveryMs];
  return async (standing: Standing): Promise<void> => {
    if (performance.now() < nextAt) return;
    const now = new Set<string>();
    for (const group of waitingGroups([...standing.values()])) {
      // That it cannot be learned just now is no reason to stop.
      const job = await client.getJob(group[0]!.id, { signal }).catch(() => null);
      const message = job?.waitingFor?.message;
      if (job === null || message === undefined || whatToDo(job) === null) continue;
      if (!told.has(message)) screen.note(screen.errColours.dim(waitLine(group, message)));
      now.add(message);
    }
    [told, nextAt] = [now, performance.now() + askEveryMs];
  };
};
