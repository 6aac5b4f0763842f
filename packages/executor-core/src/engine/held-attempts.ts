import type { AttemptId, LiveAttempt } from '@job-orchestrator/types';

/** An attempt in our hands: what is recorded of it, and what only this life of the executor knows. */
export interface Held {
  /** As recorded, with every write of ours that was applied. */
  attempt: LiveAttempt;
  /** No create of this attempt can still be under way anywhere: none was sent, or each was answered. */
  certain: boolean;
  /** We ourselves got the confirmation of the create: the object may be removed at once when it has ended. */
  createdByUs: boolean;
  launchTries: number;
  /** The progress that was recorded last, as a key; so that nothing is said twice. */
  told: string | null;
  /** When the runtime last took our request to stop, on the monotonic clock. */
  stopAskedMs: number | null;
  /** Errors in a row while working on it. */
  faults: number;
  /** How often the database refused the end of it for what is in it. */
  refusals: number;
  /** What became of the hand-over: set once it was released or closed, so that no later work touches it. */
  over: boolean;
}

/** All attempts of one life of an executor. */
export interface HeldAttempts {
  get(id: AttemptId): Held | undefined;
  /** Holds an attempt; one that is held already stays as it is. `fresh`: our own claim gave it just now. */
  hold(attempt: LiveAttempt, fresh: boolean): Held;
  /** Lets go of it; true when it was held. */
  drop(id: AttemptId): boolean;
  size(): number;
  all(): readonly Held[];
  end(): void;
}

const newHeld = (attempt: LiveAttempt, fresh: boolean): Held => ({
  attempt,
  // Of an attempt that was taken over while launching, its earlier owner may have sent a create.
  certain: fresh && attempt.launchedAt === null && !attempt.adoptedWhileLaunching,
  createdByUs: false,
  launchTries: 0,
  told: null,
  stopAskedMs: null,
  faults: 0,
  refusals: 0,
  over: false,
});

export const createHeldAttempts = (): HeldAttempts => {
  const held = new Map<AttemptId, Held>();
  return {
    get: (id) => held.get(id),
    hold: (attempt, fresh) => {
      const known = held.get(attempt.id);
      if (known) return known;
      const added = newHeld(attempt, fresh);
      held.set(attempt.id, added);
      return added;
    },
    drop: (id) => {
      const known = held.get(id);
      if (known) known.over = true;
      return held.delete(id);
    },
    size: () => held.size,
    all: () => [...held.values()],
    end: () => {
      held.forEach((each) => (each.over = true));
      held.clear();
    },
  };
};
