import type { Clock } from '@job-orchestrator/types';
import { pause } from '../system-clock.ts';

/** Requests a second, and how many may go at once after a rest. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenBucket {
  /** Resolves when a request may go, or when the signal is aborted. First come, first served. */
  take(signal?: AbortSignal): Promise<void>;
  /** The server asked us to slow down: nobody goes for `ms`. */
  holdFor(ms: number): void;
}

/** A client-side rate limit, so that a storm of ours never becomes a storm at the API server. */
export const createTokenBucket = (limit: RateLimit, clock: Clock): TokenBucket => {
  const intervalMs = 1_000 / limit.perSecond;
  // When the next request may go if none rests (the "generic cell rate" form: one number instead of a counter).
  let nextAt = Number.NEGATIVE_INFINITY;
  const take = (signal?: AbortSignal): Promise<void> => {
    const now = clock.monotonicMs();
    nextAt = Math.max(nextAt, now - (limit.burst - 1) * intervalMs);
    const waitMs = nextAt - now;
    nextAt += intervalMs;
    return waitMs <= 0 ? Promise.resolve() : pause(clock, waitMs, signal);
  };
  const holdFor = (ms: number): void => {
    nextAt = Math.max(nextAt, clock.monotonicMs() + ms);
  };
  return { take, holdFor };
};
