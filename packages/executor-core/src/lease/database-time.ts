import type { Clock } from '@job-orchestrator/types';

/** The database's time, as we know it: the last one it told, carried on by the monotonic clock. */
export interface DatabaseTime {
  now(): Date;
  /** The database said that it is `at`, just now. */
  told(at: Date): void;
}

/** Until the database told its time, the wall clock stands in. */
export const createDatabaseTime = (clock: Clock): DatabaseTime => {
  let offsetMs = clock.now().getTime() - clock.monotonicMs();
  return {
    now: () => new Date(clock.monotonicMs() + offsetMs),
    told: (at) => {
      offsetMs = at.getTime() - clock.monotonicMs();
    },
  };
};
