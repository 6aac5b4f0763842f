import type { AttemptId, Clock, LiveAttempt } from '@job-orchestrator/types';

/** A progress that was recorded: `about` is what it was of, `atMs` when, on the monotonic clock. */
export interface Told {
  readonly about: string;
  readonly message: string;
  readonly atMs: number;
}

/** An attempt in our hands: what is recorded of it, and what only this life of the executor knows. */
export interface Held {
  /** As recorded, with every write of ours that was applied. */
  attempt: LiveAttempt;
  /** No create of this attempt can still be under way anywhere: none was sent, or each was answered. */
  certain: boolean;
  /** We ourselves got the confirmation of the create: the object may be removed at once when it has ended. */
  createdByUs: boolean;
  launchTries: number;
  /** The progress that was recorded last, so that nothing is said twice. */
  told: Told | null;
  /** When it was first seen waiting for nothing but its start, on the monotonic clock. */
  startingSinceMs: number | null;
  /** When the runtime last took our request to stop, on the monotonic clock. */
  stopAskedMs: number | null;
  /** From where the database expects its output, as far as we have said it. */
  outputFrom: string | null;
  /** Errors in a row while working on it. */
  faults: number;
  /** Those of them that are not the database's. */
  oddities: number;
  /** Why it counts as set aside; null: it does not. */
  setAside: string | null;
  /** Executors died with it in hand: nobody looks at it any more. */
  untouchable: boolean;
  /** How often the database refused the end of it for what is in it. */
  refusals: number;
  /** What became of the hand-over: set once it was released or closed, so that no later work touches it. */
  over: boolean;
}

/** Where an attempt comes from. */
export interface Source {
  /** Our own claim gave it just now. */
  readonly fresh: boolean;
  /** When the database was asked for it, on the monotonic clock. */
  readonly askedMs: number;
}

/** Why an attempt is let go of: we closed or released it, or it is not ours any more, as far as can be seen. */
export type Parting = 'done' | 'not_ours';

/** All attempts of one life of an executor. */
export interface HeldAttempts {
  get(id: AttemptId): Held | undefined;
  /**
   * Holds an attempt; one that is held already stays as it is. Not held is one that we closed or released, nor one from
   * an answer that was asked for before we let go of it: such an answer is stale, and would have it launched again.
   */
  hold(attempt: LiveAttempt, source: Source): void;
  /** Lets go of it; true when it was held. */
  drop(id: AttemptId, why: Parting): boolean;
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
  startingSinceMs: null,
  stopAskedMs: null,
  outputFrom: null,
  faults: 0,
  oddities: 0,
  setAside: null,
  untouchable: false,
  refusals: 0,
  over: false,
});

/** No answer of the database is older than this: a statement is given up after a minute. */
const rememberMs = 300_000;

interface Parted {
  readonly atMs: number;
  readonly done: boolean;
}

/** What was let go of lately, oldest first. */
const createMemory = (clock: Clock) => {
  const parted = new Map<AttemptId, Parted>();
  return {
    add: (id: AttemptId, why: Parting): void => {
      const nowMs = clock.monotonicMs();
      for (const [old, { atMs }] of parted) {
        if (atMs > nowMs - rememberMs) break;
        parted.delete(old);
      }
      const done = why === 'done' || parted.get(id)?.done === true;
      parted.delete(id);
      parted.set(id, { atMs: nowMs, done });
    },
    isStale: (id: AttemptId, askedMs: number): boolean => {
      const before = parted.get(id);
      return before !== undefined && (before.done || askedMs <= before.atMs);
    },
  };
};

export const createHeldAttempts = (clock: Clock): HeldAttempts => {
  const held = new Map<AttemptId, Held>();
  const memory = createMemory(clock);
  return {
    get: (id) => held.get(id),
    hold: (attempt, { fresh, askedMs }) => {
      if (held.has(attempt.id) || memory.isStale(attempt.id, askedMs)) return;
      held.set(attempt.id, newHeld(attempt, fresh));
    },
    drop: (id, why) => {
      memory.add(id, why);
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
