import { isOrchestratorError, storableText, type Progress } from '@job-orchestrator/types';
import type { Held } from '../engine/held-attempts.ts';
import type { Life } from '../engine/life.ts';
import { storeProgress } from '../record/store-write.ts';

/** The first error may be of the moment; from the second in a row on the attempt counts as set aside, and says so. */
const tellFrom = 2;
const messageChars = 500;

/** Not the attempt is at fault: every other one fails as well, and the log says so. */
const ofDatabase = (error: unknown): boolean =>
  isOrchestratorError(error) &&
  (error.code === 'database_unavailable' || error.code === 'database_right_missing');

/** What people read where it waits; a running attempt does not wait, and only its executor tells of it. */
const tell = (life: Life, held: Held, message: string): void => {
  const { state } = held.attempt;
  if (state !== 'launching' && state !== 'waiting') return;
  const progress: Progress = { kind: 'waiting', waiting: { reason: 'set_aside', message } };
  const warn = (error: unknown): void =>
    life.deps.log.warn(
      { attempt: held.attempt.id, error: String(error) },
      'what is set aside could not be told',
    );
  life.background(storeProgress(life, held, progress).then(() => undefined, warn));
};

/** Sets an attempt aside: the others go on, and people see it. */
export const setAside = (life: Life, held: Held, message: string): void => {
  held.setAside = message;
  tell(life, held, message);
};

/** Work on an attempt failed with an error that nobody foresaw. Returns how often that was in a row. */
export const failed = (life: Life, held: Held, error: unknown): number => {
  if (ofDatabase(error)) return (held.faults += 1);
  held.faults += 1;
  held.oddities += 1;
  if (held.oddities >= tellFrom) {
    const text = storableText(String(error).slice(0, messageChars));
    setAside(
      life,
      held,
      `Work on this attempt fails, ${held.oddities} times so far; it is tried again and again: ${text}`,
    );
  }
  return held.faults;
};

/** Work on an attempt went well. */
export const worked = (held: Held): void => {
  held.faults = 0;
  held.oddities = 0;
  if (!held.untouchable) held.setAside = null;
};
