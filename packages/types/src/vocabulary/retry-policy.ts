import type { FailureCategory } from './failures.ts';
import { parseQuantity } from './quantity.ts';

/** Failures by what they are and by exit code; one fits when either names it. */
export interface FailureSelector {
  readonly categories?: readonly FailureCategory[];
  readonly exitCodes?: readonly number[];
}

/** How often a job may be tried again, and what of; a field that is absent means the default. */
export interface RetryPolicy {
  /** Retries that its owner pays for: `user_error`, `out_of_memory`, `timeout`. */
  readonly maxRetries: number;
  /** Retries for faults that are not the job's. */
  readonly infrastructureRetries: number;
  /** Present: of the failures that `maxRetries` pays for, only these are retried. */
  readonly on?: FailureSelector;
  /** These are never retried, on no budget; it wins over `on`. */
  readonly never?: FailureSelector;
  /** The wait before retry n of `maxRetries` is uniform in [0, min(cap, base · 2ⁿ)). */
  readonly backoff?: { readonly baseSeconds: number; readonly capSeconds: number };
  /** After each `out_of_memory` the memory is multiplied by `factor`, up to `cap`. */
  readonly memory?: MemoryGrowth;
  /** What becomes of an attempt whose node vanished: `wait` (the default) for the node, or `rerun` at the risk of an overlap. */
  readonly onNodeLost?: 'wait' | 'rerun';
}

export interface MemoryGrowth {
  readonly factor: number;
  /** A quantity. */
  readonly cap: string;
}

/** True when a selector names the failure by its category or its exit code. */
export const selects = (
  selector: FailureSelector,
  category: FailureCategory,
  exitCode: number | null,
): boolean =>
  (selector.categories?.includes(category) ?? false) ||
  (exitCode !== null && (selector.exitCodes?.includes(exitCode) ?? false));

const mebibyte = 1_024n ** 2n * 1_000n;

/** A quantity `factor` times as large, in whole Mi, at most `cap`; itself where it cannot grow. */
export const grownMemory = (quantity: string, { factor, cap }: MemoryGrowth, times: number): string => {
  const [from, most] = [parseQuantity(quantity), parseQuantity(cap)];
  if (times === 0 || from === null || most === null || from >= most) return quantity;
  const scaled = Number(from) * factor ** times;
  if (scaled >= Number(most)) return cap;
  return `${Math.ceil(scaled / Number(mebibyte))}Mi`;
};
