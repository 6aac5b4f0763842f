/** Keys to be worked on: each at most once in the queue, and never twice at the same time. */
export interface KeyQueue<Key> {
  /** Adds a key; one that is being worked on is worked on once more afterwards. */
  add(key: Key): void;
  /** Adds a key; resolves when it was worked on, or when the queue has ended. */
  addAndWait(key: Key): Promise<void>;
  /** How many keys wait or are being worked on. */
  size(): number;
  /** Forgets what waits; what is being worked on goes on. */
  end(): void;
}

/**
 * A queue of keys, not of events: however often a key is added, `work` reads the present state.
 * `work` must not reject; at most `concurrency` run at once. `rested` is called whenever nothing is left.
 */
export const createKeyQueue = <Key>(
  concurrency: number,
  work: (key: Key) => Promise<void>,
  rested: () => void = () => undefined,
): KeyQueue<Key> => {
  const waiting = new Set<Key>();
  const working = new Set<Key>();
  const again = new Set<Key>();
  const awaited = new Map<Key, () => void>();
  let ended = false;

  const finish = (key: Key): void => {
    working.delete(key);
    if (again.delete(key) && !ended) waiting.add(key);
    else tellWaiting(key);
    startMore();
    if (working.size === 0) rested();
  };
  const tellWaiting = (key: Key): void => {
    awaited.get(key)?.();
    awaited.delete(key);
  };
  const startMore = (): void => {
    for (const key of waiting) {
      if (working.size >= concurrency) return;
      waiting.delete(key);
      working.add(key);
      void work(key).finally(() => finish(key));
    }
  };
  const add = (key: Key): void => {
    if (ended) return;
    if (working.has(key)) again.add(key);
    else waiting.add(key);
    startMore();
  };
  return {
    add,
    addAndWait: (key) =>
      new Promise((resolve) => {
        if (ended) return resolve();
        awaited.set(key, resolve);
        add(key);
      }),
    size: () => waiting.size + working.size,
    end: () => {
      ended = true;
      waiting.clear();
      again.clear();
      [...awaited.keys()].forEach(tellWaiting);
    },
  };
};
