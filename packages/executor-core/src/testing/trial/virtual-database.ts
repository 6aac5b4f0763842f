import type { Database } from '@job-orchestrator/types';
import type { VirtualClock } from '../clock/virtual-clock.ts';

/**
 * A real database that tells virtual time where it tells time: beats, and how long attempts are closed. Its own rules (leases,
 * due times) stay in real time, which hardly moves during a trial.
 */
export const withVirtualTime = (database: Database, clock: VirtualClock): Database => {
  const { queue, executors } = database;
  return {
    ...database,
    ping: () => database.ping(),
    maintain: () => database.maintain(),
    close: () => database.close(),
    queue: {
      ...queue,
      attemptFates: async (ids) => {
        const fates = await queue.attemptFates(ids);
        const passed = clock.monotonicMs() / 1_000;
        return fates.map((fate) =>
          fate.closedForSeconds === null
            ? fate
            : { ...fate, closedForSeconds: fate.closedForSeconds + passed },
        );
      },
    },
    executors: {
      ...executors,
      beat: async (incarnation, nonce, next) => {
        const answer = await executors.beat(incarnation, nonce, next);
        return answer.kind === 'renewed' ? { kind: 'renewed', at: clock.now() } : answer;
      },
    },
  };
};
