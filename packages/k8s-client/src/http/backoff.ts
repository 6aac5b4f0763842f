import type { Random } from '@job-orchestrator/types';

/** Delays of a loop that must neither spin nor give up; milliseconds. */
export interface BackoffLimits {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Half fixed, half random: never below half of min(cap, base · 2ⁿ), so a loop of failures cannot be hot. */
export const jitteredDelayMs = (limits: BackoffLimits, failures: number, random: Random): number => {
  const ceiling = Math.min(limits.capMs, limits.baseMs * 2 ** Math.min(failures, 30));
  return ceiling / 2 + (random() * ceiling) / 2;
};
