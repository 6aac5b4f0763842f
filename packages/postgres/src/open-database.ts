import { limits, type Database, type Logger } from '@job-orchestrator/types';
import { openPostgres } from './connection/postgres-store.ts';
import { withRetries } from './connection/retry.ts';
import type { Store } from './connection/sql.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { maintain, maintainEmbedded } from './maintain.ts';
import { ensureInstallation, refuseUnfit, schemaVersion } from './migrate/apply.ts';
import { knownMigrations } from './migrate/migrations.ts';
import { createDeadLetters } from './repositories/dead-letters.ts';
import { createDags } from './repositories/dags.ts';
import { createExecutors } from './repositories/executors.ts';
import { createHistory } from './repositories/history.ts';
import { createImages } from './repositories/images.ts';
import { createOutputs } from './repositories/outputs.ts';
import { createProfiles } from './repositories/profiles.ts';
import { createQueue } from './repositories/queue.ts';
import { createQueueDepths } from './repositories/queue-depths.ts';
import { createSchedules } from './repositories/schedules.ts';
import { createSecretBindings } from './repositories/secret-bindings.ts';
import { createTopics } from './repositories/topics.ts';
import { createLocalWakeUps } from './wake-ups/local-wake-ups.ts';
import { createPostgresWakeUps } from './wake-ups/postgres-wake-ups.ts';

/**
 * Which database. `listenUrl`: a direct connection for LISTEN where `url` is a transaction pooler. `poolSize`:
 * connections for queries (10); one more beats and one more listens. `queueDepthMost`: waiting jobs per topic.
 * `historyMonths`: full months of history that `maintain` keeps before the running one; null or left out: all.
 */
export type DatabaseOptions = {
  readonly log: Logger;
  readonly queueDepthMost?: number;
  readonly historyMonths?: number | null;
} & (
  | {
      readonly kind: 'postgres';
      readonly url: string;
      readonly listenUrl?: string;
      readonly poolSize?: number;
    }
  | {
      readonly kind: 'embedded';
      readonly dataDir: string;
      /** Another process took the folder over while this one stood still: every call fails, and this one must end. */
      readonly onLost?: (error: Error) => void;
    }
);

/**
 * A beat has 3 s (`beatMs`) until the executor counts it as failed. It gives a silent connection up after 2 s, so that
 * a new one renews the lease within the same beat.
 */
const beatAnswerMs = 2_000;
/** Upkeep disturbs nobody, and may take its time. */
const upkeepAnswerMs = 600_000;

const ping = async (store: Store): Promise<void> => {
  await withRetries('repeatable', () => store.run({ text: 'select 1' }));
};

const depthsOf = ({ queueDepthMost = limits.queueDepthPerTopic }: Pick<DatabaseOptions, 'queueDepthMost'>) =>
  createQueueDepths(queueDepthMost);

const upkeepOf = ({ historyMonths = null, log }: Pick<DatabaseOptions, 'historyMonths' | 'log'>) => ({
  historyMonths,
  log,
});

const openServer = async (options: DatabaseOptions & { readonly kind: 'postgres' }): Promise<Database> => {
  const { url, listenUrl = url, poolSize = 10, log } = options;
  const store = openPostgres({ url, poolSize, log });
  const beats = openPostgres({ url, poolSize: 1, log, answerMs: beatAnswerMs });
  const upkeep = openPostgres({ url, poolSize: 1, log, answerMs: upkeepAnswerMs });
  const closeStores = async () => void (await Promise.all([store.close(), beats.close(), upkeep.close()]));
  try {
    refuseUnfit(await withRetries('repeatable', () => schemaVersion(store)), knownMigrations().length);
    await withRetries('repeatable', () => ensureInstallation(store));
  } catch (error) {
    await closeStores();
    throw error;
  }
  const depths = depthsOf(options);
  const wakeUps = createPostgresWakeUps(store, listenUrl, log);
  return {
    queue: createQueue({ store, wakeUps, sole: false, depths }),
    history: createHistory(store),
    outputs: createOutputs(store),
    deadLetters: createDeadLetters(store, wakeUps),
    images: createImages(store),
    profiles: createProfiles(store),
    secretBindings: createSecretBindings(store),
    topics: createTopics(store, wakeUps),
    executors: createExecutors(store, beats),
    dags: createDags(store, wakeUps, depths),
    schedules: createSchedules(store, wakeUps),
    wakeUps,
    ping: () => ping(store),
    maintain: () => maintain(upkeep, upkeepOf(options)),
    close: async () => {
      await wakeUps.close();
      await closeStores();
    },
  };
};

/** The repositories of an embedded store, which they close. */
export const embeddedDatabase = (
  store: Store,
  options: Pick<DatabaseOptions, 'log' | 'queueDepthMost' | 'historyMonths'>,
): Database => {
  const depths = depthsOf(options);
  const wakeUps = createLocalWakeUps(options.log);
  return {
    queue: createQueue({ store, wakeUps, sole: true, depths }),
    history: createHistory(store),
    outputs: createOutputs(store),
    deadLetters: createDeadLetters(store, wakeUps),
    images: createImages(store),
    profiles: createProfiles(store),
    secretBindings: createSecretBindings(store),
    topics: createTopics(store, wakeUps),
    executors: createExecutors(store, store),
    dags: createDags(store, wakeUps, depths),
    schedules: createSchedules(store, wakeUps),
    wakeUps,
    ping: () => ping(store),
    maintain: () => maintainEmbedded(store, upkeepOf(options)),
    close: async () => {
      wakeUps.close();
      await store.close();
    },
  };
};

const openFolder = async (options: DatabaseOptions & { readonly kind: 'embedded' }): Promise<Database> =>
  embeddedDatabase(await openEmbedded(options.dataDir, options.log, options.onLost), options);

/**
 * Opens a database. PostgreSQL must have been migrated: throws `schema_outdated`, `schema_too_new`,
 * `database_unavailable`. The embedded one migrates itself and takes the folder's lock: throws `data_folder_in_use`.
 */
export const openDatabase = (options: DatabaseOptions): Promise<Database> =>
  options.kind === 'postgres' ? openServer(options) : openFolder(options);
