/**
 * So many objects of ended attempts may wait to be removed while launches are under way; what is more is removed beside
 * them. They cost an API server little, and `count/jobs.batch` quotas end launches, so that removals begin.
 */
export const removalsWaitMost = 1_000;

/** How many removals may begin: launches come first, for somebody waits for them. */
export const removable = (waiting: number, launching: number): number =>
  launching === 0 ? waiting : Math.max(0, waiting - removalsWaitMost);

/** Removals of objects whose attempts have ended, oldest first. */
export interface Removals {
  /** `remove` must not reject. */
  add(remove: () => Promise<void>): void;
  /** Begins what may begin; to be called when no launch is left. */
  begin(): void;
  /** How many wait or are under way. */
  size(): number;
  /** Forgets what waits. */
  end(): void;
}

interface RemovalsOptions {
  /** Most at the same time. */
  readonly concurrency: number;
  /** How many launches wait for their turn or are under way. */
  readonly launching: () => number;
}

/**
 * Removals that give way to launches: on a control plane at its limit, each removal takes the place of a launch. With a
 * burst of 200 jobs on 1,000 pretend nodes it was 0.78 of a bare loop's rate that removes nothing.
 */
export const createRemovals = ({ concurrency, launching }: RemovalsOptions): Removals => {
  const waiting = new Set<() => Promise<void>>();
  let working = 0;

  const begin = (): void => {
    for (const remove of waiting) {
      if (working >= concurrency || removable(waiting.size, launching()) === 0) return;
      waiting.delete(remove);
      working += 1;
      void remove().finally(() => {
        working -= 1;
        begin();
      });
    }
  };
  return {
    begin,
    add: (remove) => {
      waiting.add(remove);
      begin();
    },
    size: () => waiting.size + working,
    end: () => waiting.clear(),
  };
};
