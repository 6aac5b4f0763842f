import { isLive } from '../attempt/phase.ts';
import { sweepMarked } from '../processes/sweep.ts';
import type { Entry, RuntimeContext } from './entry.ts';
import { unwatchEntry } from './read-entry.ts';
import { decidePhase, driveStop, endRest, tend } from './settle.ts';

/** What a look tells. */
export interface LookListener {
  changed(entry: Entry): void;
  /** Somebody deleted the folder of a live attempt; what ran of it was ended. */
  vanished(entry: Entry): void;
  /** After each look, for the timer. */
  looked(): void;
}

const lookOnce = async (context: RuntimeContext, entry: Entry, listener: LookListener): Promise<void> => {
  const phase = decidePhase(context, entry);
  if (phase.kind === 'running') await driveStop(context, entry, phase);
  if (!isLive(phase)) {
    await endRest(context, entry, phase);
    tend(context, entry);
    unwatchEntry(entry);
  }
  const changed = phase.kind !== entry.phase.kind;
  entry.phase = phase;
  if (!changed) return;
  entry.noticedAt = context.clock.now();
  listener.changed(entry);
};

const lookSafely = async (context: RuntimeContext, entry: Entry, listener: LookListener): Promise<void> => {
  const { attemptId } = entry.file.ref;
  try {
    if (!entry.removed && isLive(entry.phase)) await lookOnce(context, entry, listener);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || entry.removed)
      return context.log.warn({ attemptId, error: String(error) }, 'cannot look at an attempt');
    // Its attempt will be `absent`, and the next one may begin: nothing of this one may go on.
    await Promise.all(entry.file.markers.map((marker) => sweepMarked(marker, null)));
    listener.vanished(entry);
  }
};

/**
 * Looks at an attempt's folder and process, drives a stop, and tells a change; never throws. Calls for one attempt
 * that come while a look is under way become one more look after it.
 */
export const createLooker = (
  context: RuntimeContext,
  listener: LookListener,
): ((entry: Entry) => Promise<void>) => {
  const underWay = new Map<Entry, Promise<void>>();
  const again = new Set<Entry>();

  const lookUntilQuiet = async (entry: Entry): Promise<void> => {
    do {
      again.delete(entry);
      await lookSafely(context, entry, listener);
    } while (again.has(entry));
    underWay.delete(entry);
    listener.looked();
  };

  return (entry) => {
    const running = underWay.get(entry);
    if (running !== undefined) {
      again.add(entry);
      return running;
    }
    const begun = lookUntilQuiet(entry);
    underWay.set(entry, begun);
    return begun;
  };
};
