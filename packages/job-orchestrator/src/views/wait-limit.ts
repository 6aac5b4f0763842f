import type { EventDto, JobDetail } from '@job-orchestrator/types';
import { timeText } from '../output/times.ts';

const after = (time: string, seconds: number): string =>
  timeText(new Date(Date.parse(time) + seconds * 1_000).toISOString());

/** While a queue manager holds an attempt its time to start stands still; when it went on is not told. */
const wasHeldBack = (events: readonly EventDto[], attempt: number): boolean =>
  events.some((event) => event.attempt === attempt && event.data['reason'] === 'suspended');

/** What an attempt waited for last that failed because it did not start in time; null for every other. */
export const waitedFor = (job: JobDetail, events: readonly EventDto[]): string | null =>
  job.failure?.reason === 'start_deadline'
    ? (events.findLast(({ kind, attempt }) => kind === 'waiting' && attempt === job.attempt)?.reason ?? null)
    : null;

/**
 * Until when an attempt that was claimed may wait for its program, and by which deadline; null: it does not wait, or
 * nobody can say.
 */
export const waitLimit = (job: JobDetail, events: readonly EventDto[]): string | null => {
  const attempt = job.attempts.at(-1);
  const reason = job.waitingFor?.reason;
  if (job.state !== 'claimed' || attempt === undefined || reason === undefined) return null;
  // Out of reach, the job goes back to its queue instead of failing; and of its own problems the message says it.
  if (['runtime_unreachable', 'image_problem', 'configuration_problem'].includes(reason)) return null;
  const held = reason === 'suspended';
  if (!held && wasHeldBack(events, attempt.number)) return null;
  const name = held ? 'queueSeconds' : 'startSeconds';
  const seconds = job.spec.deadlines[name];
  return `${after(attempt.claimedAt, seconds)} at the latest; then it fails (deadlines.${name}: ${seconds} s)`;
};
