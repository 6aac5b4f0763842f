/** Reads a stream in the background; the test waits for what it must have said by then. */
export interface Reading<Item> {
  readonly items: readonly Item[];
  /** Resolves once the items so far fit. Fails if the stream ends before. */
  until(fits: (items: readonly Item[]) => boolean): Promise<void>;
  /** Resolves at the stream's end with all items. */
  readonly all: Promise<readonly Item[]>;
}

export const read = <Item>(source: AsyncIterable<Item>): Reading<Item> => {
  const items: Item[] = [];
  const watchers = new Set<() => void>();
  const ring = (): void => watchers.forEach((watcher) => watcher());
  let ended = false;
  const run = async (): Promise<readonly Item[]> => {
    try {
      for await (const item of source) {
        items.push(item);
        ring();
      }
      return items;
    } finally {
      ended = true;
      ring();
    }
  };
  const all = run();
  // A test that only looks at `until` still learns of a failure, there.
  all.catch(() => undefined);
  return {
    items,
    all,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!fits(items) && !ended) return;
          watchers.delete(look);
          if (fits(items)) resolve();
          else all.then(() => reject(new Error(`ended with ${JSON.stringify(items)}`)), reject);
        };
        watchers.add(look);
        look();
      }),
  };
};
