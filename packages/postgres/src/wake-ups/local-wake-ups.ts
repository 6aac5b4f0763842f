import type { Logger, WakeUp, WakeUps } from '@job-orchestrator/types';
import { debounce } from './debounce.ts';
import { createSubscribers } from './subscribers.ts';

/** Wake-ups where one process has the database to itself: no NOTIFY, the same debouncing, never from within `send`. */
export const createLocalWakeUps = (log: Logger): WakeUps & { close(): void } => {
  const subscribers = createSubscribers(log);
  let closed = false;
  const { send, stop } = debounce((kind: WakeUp) => {
    setImmediate(() => {
      if (!closed) subscribers.wake(kind);
    });
  });
  return {
    send,
    subscribe: subscribers.add,
    close: () => {
      closed = true;
      stop();
    },
  };
};
