import type { Logger } from '@job-orchestrator/types';

/** What was opened, to be closed in reverse order. */
export interface Closers {
  add(what: string, close: () => Promise<void>): void;
  /** Closes everything once; a fault of one is logged and does not keep the others open. */
  closeAll(): Promise<void>;
}

export const createClosers = (log: Logger): Closers => {
  const closers: { what: string; close: () => Promise<void> }[] = [];
  return {
    add: (what, close) => void closers.push({ what, close }),
    closeAll: async () => {
      for (let last = closers.pop(); last !== undefined; last = closers.pop()) {
        const { what, close } = last;
        await close().catch((error: unknown) =>
          log.error({ error: String(error) }, `could not close ${what}`),
        );
      }
    },
  };
};
