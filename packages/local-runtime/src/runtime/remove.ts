import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { discardFolder, isUnfinished } from '../attempt/folder.ts';
import { isLive } from '../attempt/phase.ts';
import type { AttemptBook } from './book.ts';
import type { Entry, RuntimeContext } from './entry.ts';
import { askToStop } from './stop.ts';

const deleteRemains = async (context: RuntimeContext, remains: string): Promise<void> => {
  try {
    await rm(remains, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    context.log.warn({ folder: remains, error: String(error) }, 'cannot delete what is left of an attempt');
  }
};

/**
 * Removes an attempt's folder: out of sight first, in one rename, then piece by piece. One that still runs is killed,
 * and the caller asks again.
 */
export const removeEntry = async (
  context: RuntimeContext,
  book: AttemptBook,
  entry: Entry,
): Promise<boolean> => {
  if (isLive(entry.phase)) await askToStop(context, book, entry, 0);
  if (isLive(entry.phase)) return false;
  book.forget(entry);
  try {
    await deleteRemains(context, discardFolder(context.attempts, entry.file.ref.object.name));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
};

/** Another instance may be making its folder right now; a minute says that nobody is. */
const unfinishedForMs = 60_000;

/** Deletes what earlier lives left half made or half deleted. */
export const deleteUnfinished = async (context: RuntimeContext): Promise<void> => {
  for (const name of (await readdir(context.attempts)).filter(isUnfinished)) {
    const folder = join(context.attempts, name);
    const made = (await stat(folder).catch(() => null))?.mtimeMs ?? Infinity;
    if (context.clock.now().getTime() - made > unfinishedForMs) await deleteRemains(context, folder);
  }
};
