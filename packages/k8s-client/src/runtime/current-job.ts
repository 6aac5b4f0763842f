import { objectName, type AttemptRef } from '@job-orchestrator/types';
import type { ApiFailure } from '../http/api-result.ts';
import { readAttemptLabels, sameAttempt } from '../labels.ts';
import { decodeJob } from '../observe/decode.ts';
import { mapping } from '../observe/fields.ts';
import type { JobView } from '../observe/views.ts';
import { messageOf } from '../system-clock.ts';
import type { RuntimeContext } from './context.ts';

/** The name of an attempt's Job, recorded or to be. */
export const jobName = (ref: AttemptRef): string =>
  ref.object?.name ?? objectName(ref.installation, ref.jobId, ref.attemptNumber);

/** `none`: certain that no Job of this attempt exists now (another one of its name may). */
export type CurrentJob =
  | { readonly kind: 'found'; readonly job: JobView }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly message: string };

const unknown = ({ kind, message }: ApiFailure): CurrentJob => ({
  kind: 'unknown',
  message: `${kind}: ${message}`,
});

const metaOf = (body: unknown): Readonly<Record<string, unknown>> =>
  mapping(mapping(body, 'object')['metadata'], 'metadata');

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
    const job = decodeJob(found.body, () => ref);
    // What carries other labels than ours no watch shows: kept, it would stay as it is now.
    if (hasOurLabels(ref, found.body)) context.store.putJob(job);
    return { kind: 'found', job };
  } catch (error) {
    return { kind: 'unknown', message: `The Job cannot be read: ${messageOf(error)}` };
  }
};
