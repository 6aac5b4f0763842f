import type { AttemptWrite, Progress } from '@job-orchestrator/types';
import { progressed } from '@job-orchestrator/types';
import type { Held } from '../engine/held-attempts.ts';
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

const keyOf = (progress: Progress): string =>
  progress.kind === 'running' ? 'running' : `${progress.waiting.reason}: ${progress.waiting.message}`;

/** Records what the attempt visibly reached, unless that was the last thing said of it. */
export const storeProgress = async (life: Life, held: Held, progress: Progress | null): Promise<boolean> => {
  if (!progress || held.told === keyOf(progress)) return true;
  const stored = await storeWrite(life, held, progressed(held.attempt.id, progress));
  if (stored) held.told = keyOf(progress);
  return stored;
};
