import { writeFileSync } from 'node:fs';
import { isLive } from '../attempt/phase.ts';
import type { AttemptBook } from './book.ts';
import type { Entry, RuntimeContext } from './entry.ts';

/**
 * Asks an attempt to end: written into its folder first, so that it survives us, then driven by every look. A second
 * call may shorten the grace, never lengthen it.
 */
export const askToStop = async (
  context: RuntimeContext,
  book: AttemptBook,
  entry: Entry,
  graceSeconds: number,
): Promise<void> => {
  if (!isLive(entry.phase)) return;
  const killAtMs = context.clock.monotonicMs() + graceSeconds * 1_000;
  if (entry.stop === null || killAtMs < entry.stop.killAtMs) {
    writeFileSync(entry.paths.stop, String(graceSeconds));
    entry.stop = { killAtMs, terminated: entry.stop?.terminated ?? false };
  }
  await book.look(entry);
};
