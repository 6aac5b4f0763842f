import { writeFileSync } from 'node:fs';
import { isLive } from '../attempt/phase.ts';
import type { AttemptBook } from './book.ts';
import type { Entry, RuntimeContext } from './entry.ts';

/** On a full or read-only disk the attempt is stopped all the same, as long as we live: it may be what fills the disk. */
const keepForLater = (context: RuntimeContext, entry: Entry, graceSeconds: number): void => {
  try {
    writeFileSync(entry.paths.stop, String(graceSeconds));
  } catch (error) {
    const { attemptId } = entry.file.ref;
    context.log.warn({ attemptId, error: String(error) }, 'a stop cannot be written down; stopping anyway');
  }
};

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
    keepForLater(context, entry, graceSeconds);
    entry.stop = { killAtMs, terminated: entry.stop?.terminated ?? false };
  }
  await book.look(entry);
};
