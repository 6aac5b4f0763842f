import type { CategoryRule, Failure, RetryBudget } from './failures.ts';
import type { StopIntent, Waiting } from './job.ts';
import type { ExitReport } from './observation.ts';

/** What an attempt has visibly reached, worth a row; null when nothing new is to be said. */
export type Progress =
  | { readonly kind: 'waiting'; readonly waiting: Waiting }
  | { readonly kind: 'running'; readonly startedAt: Date; readonly node: string | null };

/**
 * What follows from state + observation + time. `checkAt`: decide again then, even if nothing was seen.
 * A closing decision carries the exit report where there was one.
 */
export type Decision =
  | { readonly kind: 'wait'; readonly checkAt: Date | null; readonly progress: Progress | null }
  | { readonly kind: 'stop'; readonly intent: StopIntent; readonly reason: string }
  | { readonly kind: 'finalize'; readonly checkAt: Date; readonly exit: ExitReport }
  | { readonly kind: 'succeed'; readonly exit: ExitReport }
  | {
      readonly kind: 'retry';
      readonly failure: Failure;
      readonly chargedTo: RetryBudget;
      readonly delayMs: number;
      readonly lost: boolean;
      readonly exit: ExitReport | null;
    }
  | {
      readonly kind: 'fail';
      readonly failure: Failure;
      readonly lost: boolean;
      readonly exit: ExitReport | null;
    }
  | { readonly kind: 'cancel'; readonly exit: ExitReport | null };

export type ClosingDecision = Extract<Decision, { kind: 'succeed' | 'retry' | 'fail' | 'cancel' }>;

/** Full jitter: uniform in [0, min(cap, base · 2^retriesUsed)). `jitter` is in [0, 1). Milliseconds. */
export const backoffMs = (rule: CategoryRule, retriesUsed: number, jitter: number): number =>
  Math.floor(jitter * Math.min(rule.backoffCapMs, rule.backoffBaseMs * 2 ** Math.min(retriesUsed, 30)));
