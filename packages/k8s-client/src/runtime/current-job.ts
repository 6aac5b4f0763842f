import { objectName, type AttemptRef } from '@job-orchestrator/types';
import type { ApiFailure } from '../http/api-result.ts';
import { annotations, readAttemptLabels, sameAttempt } from '../labels.ts';
import { decodeJob } from '../observe/decode.ts';
import { mapping } from '../observe/fields.ts';
import type { JobView } from '../observe/views.ts';
import { messageOf, textOr } from '../system-clock.ts';
import { uidOf } from '../watch/relist.ts';
import type { RuntimeContext } from './context.ts';

/** The name of an attempt's Job, recorded or to be. */
export const jobName = (ref: AttemptRef): string =>
  ref.object?.name ?? objectName(ref.installation, ref.jobId, ref.attemptNumber);

/** A Job of this attempt that is there, and not as it must be: what is known of it all the same. */
export interface UnreadJob {
  readonly kind: 'unread';
  readonly uid: string;
  readonly stopRequested: boolean;
  readonly message: string;
}

/** `none`: certain that no Job of this attempt exists now (another one of its name may). */
export type CurrentJob =
  | { readonly kind: 'found'; readonly job: JobView }
  | UnreadJob
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly message: string };

const unknown = ({ kind, message }: ApiFailure): CurrentJob => ({
  kind: 'unknown',
  message: `${kind}: ${message}`,
});

const metaOf = (body: unknown): Readonly<Record<string, unknown>> =>
  mapping(mapping(body, 'object')['metadata'], 'metadata');

const unreadJob = (body: unknown, thrown: unknown): CurrentJob => {
  const message = `The Job cannot be read: ${messageOf(thrown)}`;
  const uid = textOr(uidOf(body), '');
  if (uid === '') return { kind: 'unknown', message };
  const notes = (body as { metadata: { annotations?: Record<string, unknown> | null } }).metadata.annotations;
  return { kind: 'unread', uid, stopRequested: notes?.[annotations.stopRequested] !== undefined, message };
};

const hasOurLabels = (ref: AttemptRef, body: unknown): boolean => {
  const attempt = readAttemptLabels(mapping(metaOf(body)['labels'], 'metadata.labels'));
  return attempt !== null && sameAttempt(attempt, ref);
};

// By the uid where one is recorded, for labels can be edited; else by the labels.
const isOurs = (ref: AttemptRef, body: unknown): boolean =>
  ref.object === null ? hasOurLabels(ref, body) : metaOf(body)['uid'] === ref.object.uid;

/** Reads the attempt's Job from the server itself, not from any cache; where a uid is recorded, only that one counts. */
export const readCurrentJob = async (context: RuntimeContext, ref: AttemptRef): Promise<CurrentJob> => {
  const found = await context.api.json<unknown>({ method: 'GET', path: context.paths.job(jobName(ref)) });
  if (found.kind === 'not_found') return { kind: 'none' };
  if (found.kind !== 'ok') return unknown(found);
  try {
    if (!isOurs(ref, found.body)) return { kind: 'none' };
  } catch (error) {
    return { kind: 'unknown', message: `The Job cannot be read: ${messageOf(error)}` };
  }
  try {
    const job = decodeJob(found.body, () => ref);
    // What carries other labels than ours no watch shows: kept, it would stay as it is now.
    if (hasOurLabels(ref, found.body)) context.store.putJob(job);
    return { kind: 'found', job };
  } catch (error) {
    return unreadJob(found.body, error);
  }
};

/** The attempt's Job as recorded or cached, or as the server has it where nobody knows its uid. */
export const findObject = async (
  context: RuntimeContext,
  ref: AttemptRef,
): Promise<'none' | 'unknown' | NonNullable<AttemptRef['object']>> => {
  const name = jobName(ref);
  const uid = ref.object?.uid ?? context.store.view(ref.attemptId).job?.uid;
  if (uid !== undefined) return { uid, name };
  const current = await readCurrentJob(context, ref);
  if (current.kind === 'found') return { uid: current.job.uid, name };
  return current.kind === 'unread' ? { uid: current.uid, name } : current.kind;
};
