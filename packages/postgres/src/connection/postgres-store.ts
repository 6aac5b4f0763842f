import type { Logger } from '@job-orchestrator/types';
import pg from 'pg';
import { connectionLost, preparedNameLost } from './faults.ts';
import { rowTypes } from './row-types.ts';
import type { Parameter, Row, Sql, Statement, Store } from './sql.ts';

export interface PostgresOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly log: Logger;
}

const typeParsers = {
  getTypeParser: (oid: number, format?: string) =>
    rowTypes[oid] ?? pg.types.getTypeParser(oid, (format ?? 'text') as 'text'),
} as pg.CustomTypesConfig;

/** Settings of each connection that we open; the session's time zone is UTC so that timestamps parse fast. */
export const clientConfig = (url: string): pg.ClientConfig => ({
  connectionString: url,
  types: typeParsers,
  keepAlive: true,
  connectionTimeoutMillis: 5_000,
  application_name: 'job-orchestrator',
});

/**
 * Prepared statements keep one plan: planning the end of an attempt costs 1.5 ms, running it 0.2. They are written so
 * that one plan serves batches of any size. Compiling them (jit) never pays.
 */
const sessionSettings = 'set plan_cache_mode = force_generic_plan; set jit = off';

type Request = [statement: Statement, parameters?: readonly Parameter[]];

const runStatement = async <R extends Row>(
  client: pg.ClientBase,
  prepare: boolean,
  ...[statement, parameters = []]: Request
): Promise<readonly R[]> => {
  const name = prepare && statement.name !== undefined ? { name: statement.name } : {};
  const result = await client.query<R>({ ...name, text: statement.text, values: [...parameters] });
  return result.rows;
};

/** A pool of connections to PostgreSQL. */
export const openPostgres = ({ url, poolSize, log }: PostgresOptions): Store => {
  const pool = new pg.Pool({
    ...clientConfig(url),
    max: poolSize,
    query_timeout: 60_000,
    idleTimeoutMillis: 60_000,
  });
  let lostAt: number | null = null;
  let prepare = true;
  let closing = false;
  const noteLoss = (error: unknown): void => {
    if (connectionLost(error)) lostAt = performance.now();
  };
  pool.on('error', (error) => {
    noteLoss(error);
    if (!closing) log.warn({ error: error.message }, 'an idle database connection was lost');
  });
  pool.on('connect', (client) => {
    client.on('error', noteLoss);
    client.query(sessionSettings).catch(noteLoss);
  });

  const runOn = <R extends Row>(client: pg.ClientBase, ...request: Request): Promise<readonly R[]> =>
    runStatement<R>(client, prepare, ...request);

  const withClient = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      noteLoss(error);
      throw error;
    });
    try {
      const answer = await work(client);
      client.release();
      return answer;
    } catch (error) {
      noteLoss(error);
      client.release(connectionLost(error) ? (error as Error) : undefined);
      throw error;
    }
  };

  /** A pooler without prepared statements is met once; from then on nothing is prepared. */
  const orUnprepared = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!prepare || !preparedNameLost(error)) throw error;
      prepare = false;
      log.warn({}, 'the database connection does not keep prepared statements; going on without them');
      return work();
    }
  };

  const transactionOn = async <T>(client: pg.PoolClient, work: (sql: Sql) => Promise<T>): Promise<T> => {
    await client.query('begin');
    try {
      const answer = await work({ run: (statement, parameters) => runOn(client, statement, parameters) });
      await client.query('commit');
      return answer;
    } catch (error) {
      if (!connectionLost(error)) await client.query('rollback');
      throw error;
    }
  };

  return {
    run: (statement, parameters) =>
      orUnprepared(() => withClient((client) => runOn(client, statement, parameters))),
    transaction: (work) => orUnprepared(() => withClient((client) => transactionOn(client, work))),
    lostAt: () => lostAt,
    close: () => {
      closing = true;
      return pool.end();
    },
  };
};
