/** Lets at most a number of things begin in a second, with a second's worth at once after a rest. */
export interface RateLimit {
  /** Takes the next turn; how many milliseconds from `nowMs` it is away. */
  take(nowMs: number): number;
}

export const createRateLimit = (perSecond: number): RateLimit => {
  const intervalMs = 1_000 / perSecond;
  const burstMs = Math.max(0, 1_000 - intervalMs);
  let fullAtMs = -Infinity;
  return {
    take: (nowMs) => {
      fullAtMs = Math.max(fullAtMs, nowMs) + intervalMs;
      return Math.max(0, fullAtMs - intervalMs - burstMs - nowMs);
    },
  };
};
