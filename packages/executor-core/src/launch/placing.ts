import type { AttemptId, Clock } from '@job-orchestrator/types';

/**
 * A launch counts as on its way for no longer: a scheduler or a Job controller that stands still, an object that nobody can
 * read, must not keep what has ended in the cluster, where a quota may count it.
 */
export const placingMostMs = 60_000;

/** Launches that the runtime took, and that have no place to run yet as far as is known. */
export interface Placing {
  add(id: AttemptId): void;
  /** It has its place, something keeps it from one, or it is not ours any more. */
  delete(id: AttemptId): void;
  size(): number;
  /** Nothing counts as on its way any more. */
  end(): void;
}

/** `placed` is called whenever none is left. */
export const createPlacing = (clock: Clock, placed: () => void): Placing => {
  const cancels = new Map<AttemptId, () => void>();
  let ended = false;
  const remove = (id: AttemptId): void => {
    cancels.get(id)?.();
    if (cancels.delete(id) && cancels.size === 0) placed();
  };
  return {
    add: (id) => {
      if (ended) return;
      cancels.get(id)?.();
      cancels.set(
        id,
        clock.setTimer(placingMostMs, () => remove(id)),
      );
    },
    delete: remove,
    size: () => cancels.size,
    end: () => {
      ended = true;
      [...cancels.keys()].forEach(remove);
    },
  };
};
