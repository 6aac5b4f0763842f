import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { attemptPaths, readRecord, type AttemptPaths } from '../attempt/folder.ts';
import { readPhase } from '../attempt/phase.ts';
import type { Entry, RuntimeContext, StopRequest } from './entry.ts';

const storedStop = (context: RuntimeContext, paths: AttemptPaths): StopRequest | null => {
  try {
    const text = readFileSync(paths.stop, 'utf8');
    const graceSeconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
    return { killAtMs: context.clock.monotonicMs() + graceSeconds * 1_000, terminated: false };
  } catch {
    return null;
  }
};

/** Reads an attempt's folder; null when there is none. Throws when it is damaged or cannot be read. */
export const readEntry = (context: RuntimeContext, name: string): Entry | null => {
  const file = readRecord(context.attempts, name);
  if (file === null) return null;
  const paths = attemptPaths(join(context.attempts, name));
  return {
    file,
    paths,
    phase: readPhase(paths.root, context.table, context.clock.now()),
    noticedAt: context.clock.now(),
    stop: storedStop(context, paths),
    ownShim: 'none',
    watcher: null,
    logSeen: 0,
    logIsHot: true,
    removed: false,
  };
};

/** Watches the folder (not the log in it); without a watch (too many, or none here) the poll does it alone. */
export const watchEntry = (context: RuntimeContext, entry: Entry, onEvent: () => void): void => {
  if (!context.useWatch) return;
  try {
    entry.watcher = watch(entry.paths.root, { persistent: false }, onEvent).on('error', () => undefined);
  } catch (error) {
    context.log.debug({ error: String(error) }, 'no watch on an attempt’s folder; polling it');
  }
};

/** Ends the watch; an attempt that ended changes no more. */
export const unwatchEntry = (entry: Entry): void => {
  entry.watcher?.close();
  entry.watcher = null;
};
