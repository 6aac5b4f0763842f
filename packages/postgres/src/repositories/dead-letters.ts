import {
  jobId,
  type DeadLetterRepository,
  type JobId,
  type Redrive,
  type WakeUps,
  type WriteContext,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import * as sql from '../sql/dead-letters.ts';
import { toJobSummary } from '../sql/history-rows.ts';
import { insertWithTopics, type InsertAnswer } from '../sql/insert-jobs.ts';
import { pageOf } from './cursors.ts';

const toDeadLetter = ({ category, message, ...row }: sql.DeadLetterRow) => ({
  ...toJobSummary(row),
  category,
  message,
});

/**
 * Decisions and new jobs in one transaction. An answer lost in COMMIT is resolved by reading: what we had stored then
 * stands under the ids of our own new jobs, and a second run stores nothing more for it.
 */
const redriveOnce = (
  store: Store,
  redrives: readonly Redrive[],
  context: WriteContext,
): Promise<ReadonlySet<JobId>> =>
  store.transaction(async (transaction) => {
    const decisions = redrives.map(({ failed, job }) => ({ failed, newJob: job.id }));
    const won = await sql.decideDeadLetters(transaction, 'redriven', decisions, context);
    const jobs = redrives.filter(({ failed }) => won.has(failed)).map(({ job }) => job);
    if (jobs.length > 0)
      await insertWithTopics(
        (statement, parameters) =>
          transaction.run<InsertAnswer & Record<string, unknown>>(statement, parameters),
        jobs,
        context,
      );
    return sql.storedRedrives(transaction, redrives);
  });

/** The dead letters of one database. */
export const createDeadLetters = (store: Store, wakeUps: WakeUps): DeadLetterRepository => ({
  list: (filter, page) =>
    pageOf(
      page,
      async (after, limit) => {
        const start = after === null ? null : jobId(after[0] ?? '');
        const rows = await withRetries('repeatable', () => sql.listDeadLetters(store, filter, start, limit));
        return rows.map(toDeadLetter);
      },
      ({ id }) => [id],
    ),
  count: (filter) => withRetries('repeatable', () => sql.countDeadLetters(store, filter)),
  redrive: async (redrives, context) => {
    if (redrives.length === 0) return new Set();
    const stored = await withRetries('repeatable', () => redriveOnce(store, redrives, context));
    if (stored.size > 0) wakeUps.send('jobs');
    return stored;
  },
  discard: (jobs, context) => {
    const decisions = jobs.map((failed) => ({ failed, newJob: null }));
    return withRetries('repeatable', () => sql.decideDeadLetters(store, 'discarded', decisions, context));
  },
  noteRetried: async (failed, newJob, context) => {
    await withRetries('repeatable', () =>
      sql.decideDeadLetters(store, 'redriven', [{ failed, newJob }], context),
    );
  },
  decision: (job) => withRetries('repeatable', () => sql.readDecision(store, job)),
});
