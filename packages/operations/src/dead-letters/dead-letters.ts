import {
  limits,
  type DeadLetter,
  type DeadLetterFilter,
  type Image,
  type JobId,
  type Redrive,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { resolveImages } from '../jobs/resolve-images.ts';
import { asNewJob } from '../jobs/retry-job.ts';

/** Which dead letters, and how many of them at most. */
export interface DeadLetterSelection {
  readonly filter: DeadLetterFilter;
  readonly limit?: number;
  /** Only counts. */
  readonly dryRun?: boolean;
}

/** How the new jobs differ from the old ones. */
export interface RedriveTerms {
  readonly now: Date;
  /** How many become due in a second; null: all at once. */
  readonly perSecond: number | null;
  /** They run what their image refers to now, instead of what it referred to when the old job was submitted. */
  readonly currentImage: boolean;
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

const batchesOf = (letters: readonly DeadLetter[]): readonly (readonly DeadLetter[])[] =>
  Array.from({ length: Math.ceil(letters.length / batchSize) }, (_, index) =>
    letters.slice(index * batchSize, (index + 1) * batchSize),
  );

/** The dead letters that are meant, newest first; none for a dry run. */
const select = async (deps: OperationDeps, selection: DeadLetterSelection): Promise<DeadLetter[]> => {
  if (selection.dryRun === true) return [];
  const most = Math.min(selection.limit ?? limits.deadLettersPerRequest, limits.deadLettersPerRequest);
  const letters: DeadLetter[] = [];
  let after: string | null = null;
  do {
    const page = { after, limit: Math.min(most - letters.length, limits.pageItems) };
    const found = await deps.database.deadLetters.list(selection.filter, page);
    letters.push(...found.items);
    after = found.next;
  } while (after !== null && letters.length < most);
  return letters;
};

const dueAt = ({ now, perSecond }: RedriveTerms, index: number): Date | null =>
  perSecond === null ? null : new Date(now.getTime() + Math.round((index * 1_000) / perSecond));

type ImageOf = (letter: DeadLetter) => Image | undefined;

/** Images as they are registered now, all looked up before anything is done; throws as a submission does. */
const currentImages = async (
  deps: OperationDeps,
  letters: readonly DeadLetter[],
  context: WriteContext,
): Promise<ImageOf> => (await resolveImages(deps, letters, context)).imageOf;

const asRedrive = async (
  deps: OperationDeps,
  letter: DeadLetter,
  imageOf: ImageOf,
  runAt: Date | null,
): Promise<Redrive | null> => {
  const job = await deps.database.history.getJob(letter.id);
  if (job === null) return null;
  return { failed: letter.id, job: { ...asNewJob(job, deps.newJobId(), imageOf(letter)), runAt } };
};

/**
 * Runs dead letters again, each as a new job that names the old one; the old ones never change. At a pace the new jobs
 * become due one after the other, so that what failed together does not fail together again.
 * With the current image: throws `image_not_found` or `image_disabled` before anything is done.
 */
export const redriveDeadLetters = async (
  deps: OperationDeps,
  selection: DeadLetterSelection,
  terms: RedriveTerms,
  context: WriteContext,
): Promise<RedriveResult> => {
  const matched = await deps.database.deadLetters.count(selection.filter);
  const redriven: { id: JobId; retryOf: JobId }[] = [];
  const letters = await select(deps, selection);
  const imageOf: ImageOf = terms.currentImage ? await currentImages(deps, letters, context) : () => undefined;
  for (const batch of batchesOf(letters)) {
    const first = redriven.length;
    const read = batch.map((letter, index) => asRedrive(deps, letter, imageOf, dueAt(terms, first + index)));
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
  for (const batch of batchesOf(await select(deps, selection)))
    discarded.push(
      ...(await deps.database.deadLetters.discard(
        batch.map(({ id }) => id),
        context,
      )),
    );
  return { matched, discarded };
};
