import type { WakeUp } from '@job-orchestrator/types';

/**
 * One wake-up per kind and window: a NOTIFY in every transaction cost 70 % of the throughput, one per 50 ms nothing.
 * What happens in DAGs is for orchestrators alone, a few processes of which each asks four short questions; but every
 * one of a DAG's nodes waits for the end before it, so that 50 ms would be the pace of a chain.
 */
const windowMsOf = (kind: WakeUp): number => (kind === 'dags' ? 5 : 50);

/** A debounced sender: the first goes at once, then at most one per window, and a last one at its end. */
export interface Debounced {
  send(kind: WakeUp): void;
  /** Lets what is held back go now, and sends nothing later. */
  stop(): void;
}

/** Makes a sender over `deliver`, which must not throw. */
export const debounce = (deliver: (kind: WakeUp) => void): Debounced => {
  const windows = new Map<WakeUp, { timer: NodeJS.Timeout; again: boolean }>();
  const open = (kind: WakeUp): void => {
    deliver(kind);
    const timer = setTimeout(() => {
      const again = windows.get(kind)?.again ?? false;
      windows.delete(kind);
      if (again) open(kind);
    }, windowMsOf(kind));
    timer.unref();
    windows.set(kind, { timer, again: false });
  };
  return {
    send: (kind) => {
      const window = windows.get(kind);
      if (window === undefined) open(kind);
      else window.again = true;
    },
    stop: () => {
      for (const [kind, { timer, again }] of windows) {
        clearTimeout(timer);
        if (again) deliver(kind);
      }
      windows.clear();
    },
  };
};
