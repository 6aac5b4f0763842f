import {
  limits,
  type DeadLetterFilter,
  type JobId,
  type Redrive,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { asNewJob } from '../jobs/retry-job.ts';

/** Which dead letters, and how many of them at most. */
export interface DeadLetterSelection {
  readonly filter: DeadLetterFilter;
  readonly limit?: number;
  /** Only counts. */
  readonly dryRun?: boolean;
}

/** How fast the new jobs become due. */
export interface RedrivePace {
  readonly now: Date;
  /** null: all at once. */
  readonly perSecond: number | null;
}

export interface RedriveResult {
  /** How many fitted before anything was done. */
  readonly matched: number;
  readonly redriven: readonly { readonly id: JobId; readonly retryOf: JobId }[];
}

export interface DiscardResult {
  readonly matched: number;
  readonly discarded: readonly JobId[];
}

/** Dead letters handled in one transaction. */
const batchSize = 100;

const batchesOf = (ids: readonly JobId[]): readonly (readonly JobId[])[] =>
  Array.from({ length: Math.ceil(ids.length / batchSize) }, (_, index) =>
    ids.slice(index * batchSize, (index + 1) * batchSize),
  );

/** The ids of the dead letters that are meant, newest first; none for a dry run. */
const selectedIds = async (deps: OperationDeps, selection: DeadLetterSelection): Promise<JobId[]> => {
  if (selection.dryRun === true) return [];
  const most = Math.min(selection.limit ?? limits.deadLettersPerRequest, limits.deadLettersPerRequest);
  const ids: JobId[] = [];
  let after: string | null = null;
  do {
    const page = { after, limit: Math.min(most - ids.length, limits.pageItems) };
    const found = await deps.database.deadLetters.list(selection.filter, page);
    ids.push(...found.items.map(({ id }) => id));
    after = found.next;
  } while (after !== null && ids.length < most);
  return ids;
};

const dueAt = ({ now, perSecond }: RedrivePace, index: number): Date | null =>
  perSecond === null ? null : new Date(now.getTime() + Math.round((index * 1_000) / perSecond));

const asRedrive = async (deps: OperationDeps, failed: JobId, runAt: Date | null): Promise<Redrive | null> => {
  const job = await deps.database.history.getJob(failed);
  return job === null ? null : { failed, job: { ...asNewJob(job, deps.newJobId()), runAt } };
};

/**
 * Runs dead letters again, each as a new job that names the old one; the old ones never change. At a pace the new jobs
 * become due one after the other, so that what failed together does not fail together again.
 */
export const redriveDeadLetters = async (
  deps: OperationDeps,
  selection: DeadLetterSelection,
  pace: RedrivePace,
  context: WriteContext,
): Promise<RedriveResult> => {
  const matched = await deps.database.deadLetters.count(selection.filter);
  const redriven: { id: JobId; retryOf: JobId }[] = [];
  for (const batch of batchesOf(await selectedIds(deps, selection))) {
    const first = redriven.length;
    const read = batch.map((id, index) => asRedrive(deps, id, dueAt(pace, first + index)));
    const redrives = (await Promise.all(read)).filter((redrive) => redrive !== null);
    const stored = await deps.database.deadLetters.redrive(redrives, context);
    for (const { failed, job } of redrives)
      if (stored.has(failed)) redriven.push({ id: job.id, retryOf: failed });
  }
  return { matched, redriven };
};

/** Takes dead letters off the list for good; their history stays. */
export const discardDeadLetters = async (
  deps: OperationDeps,
  selection: DeadLetterSelection,
  context: WriteContext,
): Promise<DiscardResult> => {
  const matched = await deps.database.deadLetters.count(selection.filter);
  const discarded: JobId[] = [];
  for (const batch of batchesOf(await selectedIds(deps, selection)))
    discarded.push(...(await deps.database.deadLetters.discard(batch, context)));
  return { matched, discarded };
};
