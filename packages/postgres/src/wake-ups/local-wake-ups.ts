import type { Logger, WakeUps } from '@job-orchestrator/types';
import { createSubscribers, oncePerTurn } from './subscribers.ts';

/** Wake-ups where one process has the database to itself: no NOTIFY, and so nothing to debounce. */
export const createLocalWakeUps = (log: Logger): WakeUps & { close(): void } => {
  const subscribers = createSubscribers(log);
  let closed = false;
  return {
    send: oncePerTurn((kind) => {
      if (!closed) subscribers.wake(kind);
    }),
    subscribe: subscribers.add,
    close: () => {
      closed = true;
    },
  };
};
