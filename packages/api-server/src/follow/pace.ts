import type { Timings } from '../context.ts';
import type { WakeHub } from './wake-hub.ts';

/** The rhythm of one stream: looks again soon after something happened, ever more rarely while nothing does. */
export interface Pace {
  /** Something was found: look again soon. */
  reset(): void;
  /** Waits for the next look, `leastMs` at the least; returns early on a wake-up. */
  rest(leastMs?: number): Promise<void>;
}

export const createPace = (
  wakes: WakeHub,
  timings: Pick<Timings, 'pollMs' | 'leastPollMs'>,
  signal: AbortSignal,
): Pace => {
  let mostMs = timings.leastPollMs;
  return {
    reset() {
      mostMs = timings.leastPollMs;
    },
    async rest(atLeastMs = 0) {
      const leastMs = Math.max(timings.leastPollMs, atLeastMs);
      await wakes.wait({ leastMs, mostMs: Math.max(leastMs, mostMs) }, signal);
      mostMs = Math.min(timings.pollMs, Math.ceil(mostMs * 1.5));
    },
  };
};
