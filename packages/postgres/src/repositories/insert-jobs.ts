import {
  OrchestratorError,
  type IdempotencyKey,
  type InsertedJobs,
  type JobId,
  type NewJob,
  type WriteContext,
} from '@job-orchestrator/types';
import { connectionLost, isUniqueViolation } from '../connection/faults.ts';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { readKey, takeKey } from '../sql/idempotency-keys.ts';
import { insertWithTopics, jobsPerStatement, type InsertAnswer } from '../sql/insert-jobs.ts';
import { knownJobs } from '../sql/queue-upkeep.ts';

/** How `insertWithTopics` runs its statements here. */
export const runOn =
  (sql: Sql) =>
  (...[statement, parameters]: Parameters<Sql['run']>) =>
    sql.run<InsertAnswer & Record<string, unknown>>(statement, parameters);

/** The jobs that an earlier request with this key stored; a refusal when it was another request. */
export const findReplay = async (
  sql: Sql,
  project: string,
  key: IdempotencyKey,
): Promise<readonly JobId[] | null> => {
  const earlier = await readKey(sql, project, key.key);
  if (earlier === null) return null;
  if (earlier.fingerprint === key.fingerprint) return earlier.ids;
  throw new OrchestratorError(
    'idempotency_key_reused',
    `The Idempotency-Key ${JSON.stringify(key.key)} was used before with another body.`,
  );
};

const insertPlainly = (store: Store, jobs: readonly NewJob[], context: WriteContext): Promise<void> =>
  jobs.length > jobsPerStatement
    ? store.transaction((sql) => insertWithTopics(runOn(sql), jobs, context))
    : insertWithTopics(runOn(store), jobs, context);

const insertKeyed = async (
  store: Store,
  jobs: readonly NewJob[],
  ids: readonly JobId[],
  context: WriteContext,
  key: IdempotencyKey,
): Promise<InsertedJobs | null> => {
  const project = jobs[0]?.project ?? '';
  const taken = await store.transaction(async (sql) => {
    if (!(await takeKey(sql, project, key, ids))) return false;
    await insertWithTopics(runOn(sql), jobs, context);
    return true;
  });
  if (taken) return { ids, replayed: false };
  const earlier = await findReplay(store, project, key);
  return earlier === null ? null : { ids: earlier, replayed: true };
};

/** Ours came through although its answer was lost: then its own ids stand under the key. */
const isOurs = (answer: InsertedJobs, ids: readonly JobId[]): boolean => answer.ids[0] === ids[0];

/**
 * Stores jobs, all or none. A connection lost in COMMIT is resolved by reading: the key, or the jobs' own ids. Then
 * the insert runs again where nothing is found; where it was still on its way, the second meets its ids.
 */
export const insertJobs = async (
  store: Store,
  jobs: readonly NewJob[],
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<InsertedJobs> => {
  const ids = jobs.map(({ id }) => id);
  if (jobs.length === 0) return { ids, replayed: false };
  let answerLost = false;
  const allStored = async () => answerLost && (await knownJobs(store, ids)) === ids.length;
  return withRetries('repeatable', async () => {
    try {
      if (key === undefined) {
        if (await allStored()) return { ids, replayed: false };
        await insertPlainly(store, jobs, context);
        return { ids, replayed: false };
      }
      const answer = await insertKeyed(store, jobs, ids, context, key);
      if (answer === null) throw new Error(`the Idempotency-Key ${key.key} vanished while it was read`);
      return isOurs(answer, ids) ? { ids, replayed: false } : answer;
    } catch (error) {
      if (isUniqueViolation(error) && (await allStored())) return { ids, replayed: false };
      answerLost ||= connectionLost(error);
      throw error;
    }
  });
};
