import { adoptAttempts } from '../adopt/adopt-attempts.ts';
import { createJanitor } from '../janitor/clean-objects.ts';
import { createSetAsideNotes } from '../quarantine/note-set-aside.ts';
import { every, type Routine } from '../queue/every.ts';
import { sweepRows } from '../sweep/sweep-rows.ts';
import { takeCancels } from '../sweep/take-cancels.ts';
import { intervals, pageSizes } from '../timing.ts';
import type { Life } from './life.ts';

const auditCounters = async (life: Life): Promise<void> => {
  const wrong = await life.deps.database.queue.auditCounters();
  if (wrong.length > 0)
    life.deps.log.error({ topics: wrong }, 'counters of topics were wrong and are mended');
};

const expireQueued = async (life: Life): Promise<void> => {
  await life.deps.database.queue.expireQueued(pageSizes.expire);
};

const promoteDue = async (life: Life): Promise<void> => {
  if ((await life.deps.database.queue.promoteDue(pageSizes.promote)) > 0) life.wakeClaims();
};

const routinesOf = (life: Life): readonly Routine[] => [
  { name: 'adopt', intervalMs: intervals.adoptMs, run: () => adoptAttempts(life) },
  { name: 'cancel', intervalMs: intervals.cancelMs, run: () => takeCancels(life) },
  { name: 'promote', intervalMs: intervals.promoteMs, run: () => promoteDue(life) },
  { name: 'expire', intervalMs: intervals.expireMs, run: () => expireQueued(life) },
  { name: 'sweep rows', intervalMs: intervals.rowSweepMs, run: () => sweepRows(life) },
  { name: 'janitor', intervalMs: intervals.janitorMs, run: createJanitor(life) },
  { name: 'set aside', intervalMs: intervals.setAsideMs, run: createSetAsideNotes(life) },
  { name: 'audit', intervalMs: intervals.auditMs, run: () => auditCounters(life) },
  { name: 'poll', intervalMs: life.deps.config.pollIntervalMs, run: async () => life.wakeClaims() },
];

/** Starts everything that runs by time alone; returns how to stop it. */
export const startRoutines = (life: Life): (() => void) => {
  const stops = routinesOf(life).map((routine) => every(life.deps, routine));
  return () => stops.forEach((stop) => stop());
};
