import type { AttemptWrite, Progress } from '@job-orchestrator/types';
import { progressed } from '@job-orchestrator/types';
import type { Held, Told } from '../engine/held-attempts.ts';
import type { Life } from '../engine/life.ts';
import { applyLocally } from './apply-locally.ts';

/** Records one write of a held attempt. False: it is not ours any more, and its work is dropped. */
export const storeWrite = async (life: Life, held: Held, write: AttemptWrite): Promise<boolean> => {
  const recorded = await life.recorder.record(write);
  if (held.over) return false;
  if (recorded === 'applied') {
    held.attempt = applyLocally(held.attempt, write, life.time.now());
    return true;
  }
  life.deps.log.warn(
    { attempt: held.attempt.id, write: write.kind },
    'a write was stale; the attempt is dropped',
  );
  life.letGo(held.attempt.id, 'not_ours');
  return false;
};

/** A message that changes while its reason stays ("quota: 41 of 50 used") is told at most this often. */
const sameReasonMs = 60_000;

const toldOf = (progress: Progress, atMs: number): Told =>
  progress.kind === 'running'
    ? { about: 'running', message: '', atMs }
    : { about: progress.waiting.reason, message: progress.waiting.message, atMs };

const isNews = (told: Told, before: Told | null): boolean =>
  before?.about !== told.about ||
  (before.message !== told.message && told.atMs - before.atMs >= sameReasonMs);

/** Records what the attempt visibly reached, unless that was said of it already, or nearly so just now. */
export const storeProgress = async (life: Life, held: Held, progress: Progress | null): Promise<boolean> => {
  if (!progress) return true;
  const told = toldOf(progress, life.deps.clock.monotonicMs());
  if (!isNews(told, held.told)) return true;
  const stored = await storeWrite(life, held, progressed(held.attempt.id, progress));
  if (stored) held.told = told;
  return stored;
};
