import type { Logger, WakeUp } from '@job-orchestrator/types';

export const wakeUpKinds: readonly WakeUp[] = ['jobs', 'cancel', 'finished', 'dags', 'schedules'];
/** The channel of all wake-ups; the payload is the kind, and who sent it where the sender has woken itself already. */
export const channel = 'job_orchestrator_wake_up';

const isWakeUp = (text: string): text is WakeUp => (wakeUpKinds as readonly string[]).includes(text);

/** Calls back soon, never from within the call, and once for all calls of a kind in one turn of the event loop. */
export const oncePerTurn = (wake: (kind: WakeUp) => void): ((kind: WakeUp) => void) => {
  const pending = new Set<WakeUp>();
  return (kind) => {
    if (pending.has(kind)) return;
    pending.add(kind);
    setImmediate(() => {
      pending.delete(kind);
      wake(kind);
    });
  };
};

/** Those who want to be woken. One that throws does not keep the others asleep. */
export const createSubscribers = (log: Logger) => {
  const callbacks = new Set<(kind: WakeUp) => void>();
  const wake = (kind: WakeUp): void => {
    for (const callback of callbacks) {
      try {
        callback(kind);
      } catch (error) {
        log.error({ error: String(error), kind }, 'a subscriber of wake-ups threw');
      }
    }
  };
  return {
    add: (callback: (kind: WakeUp) => void): (() => void) => {
      callbacks.add(callback);
      return () => void callbacks.delete(callback);
    },
    /** A kind that we do not know comes from a newer program: it may be about anything. */
    wake: (payload: string): void => (isWakeUp(payload) ? wake(payload) : wakeUpKinds.forEach(wake)),
    wakeAll: (): void => wakeUpKinds.forEach(wake),
  };
};
