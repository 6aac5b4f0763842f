import type { Logger } from '@job-orchestrator/types';
import pg from 'pg';
import { connectionLost, wentSilent } from './faults.ts';
import { rowTypes } from './row-types.ts';
import { connectTrusted, createTrust, hangUpAfter } from './silent-clients.ts';

export interface PostgresOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly log: Logger;
  /** A statement without an answer for this long is given up, with its connection; milliseconds (15 s). */
  readonly answerMs?: number;
}

/** No statement of ours takes a second, but many may wait for one another. */
const usualAnswerMs = 15_000;
const connectWithinMs = 5_000;

const typeParsers = {
  getTypeParser: (oid: number, format?: string) =>
    rowTypes[oid] ?? pg.types.getTypeParser(oid, (format ?? 'text') as 'text'),
} as pg.CustomTypesConfig;

/** Settings of each connection that we open; the session's time zone is UTC so that timestamps parse fast. */
export const clientConfig = (url: string): pg.ClientConfig => ({
  connectionString: url,
  types: typeParsers,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  connectionTimeoutMillis: connectWithinMs,
  application_name: 'job-orchestrator',
});

/**
 * Prepared statements keep one plan: planning the end of an attempt costs 1.5 ms, running it 0.2. They are written so
 * that one plan serves batches of any size. Compiling them (jit) never pays.
 */
const sessionSettings = 'set plan_cache_mode = force_generic_plan; set jit = off';

const openPool = ({ url, poolSize, answerMs = usualAnswerMs }: PostgresOptions): pg.Pool =>
  new pg.Pool({
    ...clientConfig(url),
    max: poolSize,
    query_timeout: answerMs,
    connectionTimeoutMillis: Math.min(answerMs, connectWithinMs),
    idleTimeoutMillis: 60_000,
  });

/** The connections of a pool. */
export interface Clients {
  withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  /** Milliseconds of a monotonic clock at which one was last found lost; null: never. */
  lostAt(): number | null;
  close(): Promise<void>;
}

/** A pool that is opened as it is needed, and that drops what is lost. */
export const createClients = (options: PostgresOptions): Clients => {
  const pool = openPool(options);
  const trust = createTrust();
  const open = new Set<pg.PoolClient>();
  let lostAt: number | null = null;
  let closing = false;
  const noteLoss = (error: unknown): void => {
    if (connectionLost(error)) lostAt = performance.now();
    if (wentSilent(error)) trust.doubtAll();
  };
  pool.on('error', (error) => {
    noteLoss(error);
    if (!closing) options.log.warn({ error: error.message }, 'an idle database connection was lost');
  });
  pool.on('connect', (client) => {
    open.add(client);
    client.on('error', noteLoss);
    client.query(sessionSettings).catch(noteLoss);
  });
  pool.on('remove', (client) => open.delete(client));

  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await connectTrusted(pool, trust).catch((error: unknown) => {
      noteLoss(error);
      throw error;
    });
    try {
      const answer = await work(client);
      trust.note(client);
      client.release();
      return answer;
    } catch (error) {
      noteLoss(error);
      client.release(connectionLost(error) ? (error as Error) : undefined);
      throw error;
    }
  };
  return {
    withClient,
    lostAt: () => lostAt,
    close: () => {
      closing = true;
      return hangUpAfter(pool.end(), open);
    },
  };
};
