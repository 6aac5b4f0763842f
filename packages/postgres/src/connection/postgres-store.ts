import type pg from 'pg';
import { createClients, type PostgresOptions } from './clients.ts';
import { connectionLost, preparedNameLost } from './faults.ts';
import type { Parameter, Row, Sql, Statement, Store } from './sql.ts';

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
export const openPostgres = (options: PostgresOptions): Store => {
  const { withClient, lostAt, close } = createClients(options);
  let prepare = true;

  const runOn = <R extends Row>(client: pg.ClientBase, ...request: Request): Promise<readonly R[]> =>
    runStatement<R>(client, prepare, ...request);

  /** A pooler without prepared statements is met once; from then on nothing is prepared. */
  const orUnprepared = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!prepare || !preparedNameLost(error)) throw error;
      prepare = false;
      options.log.warn(
        {},
        'the database connection does not keep prepared statements; going on without them',
      );
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
    lostAt,
    close,
  };
};
