import type { Clock } from '@job-orchestrator/types';

/** Resolves after `ms`. */
export const delay = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimer(ms, resolve));

/** The value of `work`, or `late` when it takes longer than `ms`. Rejects as `work` does. */
export const withTimeout = async <Value, Late>(
  clock: Clock,
  ms: number,
  work: Promise<Value>,
  late: Late,
): Promise<Value | Late> => {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<Late>((resolve) => {
    cancel = clock.setTimer(ms, () => resolve(late));
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    cancel();
  }
};
