import type { FailureCategory } from './failures.ts';
import type { JobSpec, Resources } from './job.ts';
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

/** In thousandths, as quantities are parsed. */
const mebibyte = 1_024 ** 2 * 1_000;

/** A quantity grown `times` times, each time to whole Mi and by one at least, at most to the cap; itself where it cannot grow. */
export const grownMemory = (quantity: string, { factor, cap }: MemoryGrowth, times: number): string => {
  const [from, most] = [parseQuantity(quantity), parseQuantity(cap)];
  if (times === 0 || from === null || most === null || from >= most) return quantity;
  const mostMi = Number(most) / mebibyte;
  let grownMi = Number(from) / mebibyte;
  for (let step = 0; step < times && grownMi < mostMi; step++) grownMi = Math.ceil(grownMi * factor);
  return grownMi >= mostMi ? cap : `${grownMi}Mi`;
};

/**
 * What an attempt asks for that comes after `outOfMemory` tries which ran out of memory: the spec's resources, with limit and
 * request of memory grown as the policy says. The request keeps its share, so that a node is chosen that has the room.
 */
export const grownResources = (
  { resources, retry }: Pick<JobSpec, 'resources' | 'retry'>,
  outOfMemory: number,
): Resources | null => {
  const { memory } = retry;
  const limit = resources?.limits?.['memory'];
  if (resources === null || memory === undefined || limit === undefined || outOfMemory === 0)
    return resources;
  const grown = grownMemory(limit, memory, outOfMemory);
  const request = resources.requests?.['memory'];
  const asked =
    request === undefined ? undefined : grownMemory(request, { ...memory, cap: grown }, outOfMemory);
  return {
    ...resources,
    ...(asked === undefined ? {} : { requests: { ...resources.requests, memory: asked } }),
    limits: { ...resources.limits, memory: grown },
  };
};

/** True when the next try after another `out_of_memory` gets more than this one had. */
export const canGrow = (spec: Pick<JobSpec, 'resources' | 'retry'>, outOfMemory: number): boolean =>
  grownResources(spec, outOfMemory)?.limits?.['memory'] !==
  grownResources(spec, outOfMemory + 1)?.limits?.['memory'];
