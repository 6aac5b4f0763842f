import { isLive } from '../attempt/phase.ts';
import type { Entry, RuntimeContext } from './entry.ts';
import { tend } from './settle.ts';

/** One timer for all live attempts; none while there is nothing to wait for. */
export interface Poller {
  /** Makes sure that the timer runs as soon as it must. */
  arm(): void;
  close(): void;
}

/** While a log grows by megabytes between two looks. */
const hotLogMs = 50;
/** While a stop waits for the shim to say which group it is. */
const stoppingMs = 20;

/** Between two looks at what was killed and has not ended: it hangs in the kernel, and each look reads /proc. */
const killedMs = 200;

const delayFor = (context: RuntimeContext, entry: Entry): number => {
  if (entry.stop !== null && !entry.stop.terminated) return stoppingMs;
  const usual = entry.logIsHot ? hotLogMs : context.pollIntervalMs;
  if (entry.stop === null) return usual;
  const graceMs = entry.stop.killAtMs - context.clock.monotonicMs();
  return Math.min(usual, graceMs > 0 ? graceMs : killedMs);
};

/**
 * Looks at every live attempt now and then: what a watch missed, deadlines of stops, sizes of logs. A look is a few
 * small reads of its folder and of /proc, about 0.1 ms, and starts no process.
 */
export const createPoller = (
  context: RuntimeContext,
  entries: () => Iterable<Entry>,
  look: (entry: Entry) => Promise<void>,
): Poller => {
  let callOff: (() => void) | null = null;
  let dueAtMs = Infinity;
  let closed = false;

  const live = (): Entry[] => [...entries()].filter((entry) => isLive(entry.phase));

  const poll = async (): Promise<void> => {
    callOff = null;
    dueAtMs = Infinity;
    for (const entry of live()) {
      tend(context, entry);
      await look(entry);
    }
    arm();
  };

  function arm(): void {
    const waiting = live();
    if (closed || waiting.length === 0) return;
    const delayMs = Math.min(...waiting.map((entry) => delayFor(context, entry)));
    const atMs = context.clock.monotonicMs() + delayMs;
    if (atMs >= dueAtMs) return;
    callOff?.();
    dueAtMs = atMs;
    callOff = context.clock.setTimer(delayMs, () => void poll());
  }

  return {
    arm,
    close: () => {
      closed = true;
      callOff?.();
    },
  };
};
