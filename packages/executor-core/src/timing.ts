/** How often each routine runs, in milliseconds; each interval is spread by a tenth, so that executors drift apart. */
export const intervals = {
  /** The lease is 9 s: a dead executor's attempts are adopted within 9 + 3 s. */
  adoptMs: 3_000,
  cancelMs: 2_000,
  promoteMs: 5_000,
  expireMs: 30_000,
  rowSweepMs: 60_000,
  janitorMs: 60_000,
  /** Costs a comparison in memory; something is written only where it has changed. */
  setAsideMs: 5_000,
  auditMs: 300_000,
} as const;

/** No timer is armed for longer: it is armed anew then. Node fires one of more than 24.8 days at once. */
export const longestWaitMs = 3_600_000;

/** Most rows that one call asks for. */
export const pageSizes = { adopt: 200, promote: 1_000, expire: 500, rows: 500, fates: 500 } as const;

/** A log that is not there after this long is stored as one that could not be read: a slow log never keeps a job from finishing. */
export const logTailTimeoutMs = 20_000;

/** How many attempts are looked at, launched, removed, or cleaned up at the same time. */
export const concurrency = { observe: 64, launch: 32, remove: 16, janitor: 8 } as const;
