import type { Clock, Database, Logger } from '@job-orchestrator/types';

/** What the upkeep of a database takes. */
export interface UpkeepOptions {
  readonly database: Pick<Database, 'maintain' | 'queue'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly embedded: boolean;
}

/** First after this long, so that a start is not slowed down; milliseconds. */
const firstMs = 20_000;
/** PostgreSQL cleans up by itself; partitions are made months ahead. */
const everyMs = 3_600_000;
/** PGlite has neither autovacuum nor checkpoints of its own: its log and its dead rows would only grow. */
const everyEmbeddedMs = 300_000;
/** The executors expire jobs too, but where only an API runs nobody else would. */
const expireEveryMs = 60_000;
const expireMost = 500;

interface Task {
  readonly what: string;
  readonly firstMs: number;
  readonly everyMs: number;
  readonly run: () => Promise<void>;
}

/** Runs a task again and again, never twice at once; an error is logged and the next time comes all the same. */
const repeat = ({ clock, log }: UpkeepOptions, task: Task): (() => void) => {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const arm = (delayMs: number): void => {
    if (!stopped) cancel = clock.setTimer(delayMs, () => void runOnce());
  };
  const runOnce = async (): Promise<void> => {
    try {
      await task.run();
    } catch (error) {
      if (!stopped) log.warn({ error: String(error) }, `${task.what} failed; it is tried again later`);
    }
    arm(task.everyMs);
  };
  arm(task.firstMs);
  return () => {
    stopped = true;
    cancel();
  };
};

const expire = async ({ database }: UpkeepOptions): Promise<void> => {
  await database.queue.expireQueued(expireMost);
};

/** Keeps a database in order while any role of a server runs on it; returns how to stop. */
export const startUpkeep = (options: UpkeepOptions): (() => void) => {
  const intervalMs = options.embedded ? everyEmbeddedMs : everyMs;
  const maintain = (): Promise<void> => options.database.maintain();
  const stops = [
    repeat(options, { what: 'the upkeep of the database', firstMs, everyMs: intervalMs, run: maintain }),
    repeat(options, {
      what: 'expiring jobs',
      firstMs: expireEveryMs,
      everyMs: expireEveryMs,
      run: () => expire(options),
    }),
  ];
  return () => stops.forEach((stop) => stop());
};
