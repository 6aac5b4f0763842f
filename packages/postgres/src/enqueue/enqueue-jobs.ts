import type { JobId, NewJob, WriteContext } from '@job-orchestrator/types';
import { CompiledQuery, type Transaction } from 'kysely';
import type { ClientBase } from 'pg';
import { insertWithTopics, type InsertAnswer, type RunOne } from '../sql/insert-jobs.ts';
import { channel } from '../wake-ups/subscribers.ts';

/** The caller's open transaction: a `pg` client that has begun one, or a Kysely transaction on PostgreSQL. */
export type CallersTransaction<Tables = unknown> = Pick<ClientBase, 'query'> | Transaction<Tables>;

/** What was enqueued. */
export interface Enqueued {
  readonly ids: readonly JobId[];
  /**
   * Call it after the commit, so that executors start at once; without it a poll finds the jobs. It is a statement on
   * the same connection; with Kysely pass the database that the transaction came from.
   */
  wake(
    connection?: Pick<ClientBase, 'query'> | { executeQuery: Transaction<unknown>['executeQuery'] },
  ): Promise<void>;
}

type Executable = Pick<ClientBase, 'query'> | { executeQuery: Transaction<unknown>['executeQuery'] };

const isKysely = (
  transaction: Executable,
): transaction is { executeQuery: Transaction<unknown>['executeQuery'] } => 'executeQuery' in transaction;

const numbers = (row: Record<string, unknown>): InsertAnswer => ({
  inserted: Number(row['inserted']),
  missing: Number(row['missing']),
});

/** Statements are not prepared here: the connection is the caller's. */
const runIn =
  (transaction: Executable): RunOne =>
  async ({ text }, parameters) => {
    const { rows } = isKysely(transaction)
      ? await transaction.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...parameters]))
      : await transaction.query<Record<string, unknown>>(text, [...parameters]);
    return rows.map(numbers);
  };

/**
 * Stores jobs inside the caller's transaction on the orchestrator's database: they exist exactly when it commits.
 * The specs must be complete (`submitJobs` of operations builds them); queue depth and idempotency are the caller's.
 */
export const enqueueJobs = async <Tables>(
  transaction: CallersTransaction<Tables>,
  jobs: readonly NewJob[],
  context: WriteContext,
): Promise<Enqueued> => {
  const own = transaction as Executable;
  if (jobs.length > 0) await insertWithTopics(runIn(own), jobs, context);
  return {
    ids: jobs.map(({ id }) => id),
    wake: async (connection = own) => {
      const text = `select pg_notify('${channel}', 'jobs')`;
      if (isKysely(connection)) await connection.executeQuery(CompiledQuery.raw(text));
      else await connection.query(text);
    },
  };
};
