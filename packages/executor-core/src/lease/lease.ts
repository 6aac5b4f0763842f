import type { Clock } from '@job-orchestrator/types';
import { leaseMs } from '@job-orchestrator/types';

/** How much earlier than the database we take our lease for expired. */
const marginMs = 1_000;

/** Our own view of the lease, on the monotonic clock: asked in the same tick before each outside effect. */
export interface Lease {
  holds(): boolean;
  /** A renewal that was *sent* at this moment was confirmed. */
  renewed(sentAtMs: number): void;
  /** It is over for good. */
  end(): void;
}

export const createLease = (clock: Clock): Lease => {
  let untilMs = -Infinity;
  let ended = false;
  return {
    holds: () => !ended && clock.monotonicMs() < untilMs,
    renewed: (sentAtMs) => {
      untilMs = Math.max(untilMs, sentAtMs + leaseMs - marginMs);
    },
    end: () => {
      ended = true;
    },
  };
};
