/** Work that runs again while somebody asks for it, and never twice at once. */
export interface WorkLoop {
  /** Asks for (another) round. */
  wake(): void;
  readonly stopped: boolean;
  /** Begins no more rounds, and waits for the one that is being made. */
  stop(): Promise<void>;
}

/** A loop over `round`, which asks for the next one with `wake`; what it throws goes to `onError`, unless it is stopped. */
export const createWorkLoop = (round: () => Promise<void>, onError: (error: unknown) => void): WorkLoop => {
  const state = { stopped: false, again: false, working: null as Promise<void> | null };
  const work = async (): Promise<void> => {
    while (state.again && !state.stopped) {
      state.again = false;
      await round().catch((error: unknown) => {
        if (!state.stopped) onError(error);
      });
    }
    state.working = null;
  };
  return {
    wake: () => {
      state.again = true;
      if (!state.stopped) state.working ??= work();
    },
    get stopped() {
      return state.stopped;
    },
    stop: async () => {
      state.stopped = true;
      await state.working;
    },
  };
};

/** Does work for every item, at most `concurrency` at a time. */
export const each = async <Item>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
};
