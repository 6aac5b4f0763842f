import type { Database } from '@job-orchestrator/types';
import type { VirtualClock } from '../clock/virtual-clock.ts';

/**
 * A real database that tells virtual time where it tells time: in beats and claims. Closed attempts are older by `aged`.
 * Its own rules (leases, due times) stay in real time, which hardly moves during a trial.
 */
export const withVirtualTime = (
  database: Database,
  clock: VirtualClock,
  aged: { seconds: number },
): Database => {
  const { queue, executors } = database;
  return {
    ...database,
    ping: () => database.ping(),
    maintain: () => database.maintain(),
    close: () => database.close(),
    queue: {
      ...queue,
      claimJobs: async (request) => {
        const claimed = await queue.claimJobs(request);
        return claimed.map((attempt) => ({ ...attempt, claimedAt: clock.now() }));
      },
      attemptFates: async (ids) => {
        const fates = await queue.attemptFates(ids);
        return fates.map((fate) =>
          fate.closedForSeconds === null
            ? fate
            : { ...fate, closedForSeconds: fate.closedForSeconds + aged.seconds },
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
