import type { AttemptRef } from '@job-orchestrator/types';
import type { RuntimeContext } from './context.ts';
import { findObject } from './current-job.ts';

interface Deleted {
  readonly kind?: unknown;
}

/** Deletes the attempt's Job by uid, its pods in the background. True once the Job is confirmed gone. */
export const removeJob = async (context: RuntimeContext, ref: AttemptRef): Promise<boolean> => {
  const object = await findObject(context, ref);
  if (typeof object === 'string') return object === 'none';
  const { uid, name } = object;
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    preconditions: { uid },
    propagationPolicy: 'Background',
  };
  const answer = await context.api.json<Deleted | null>({
    method: 'DELETE',
    path: context.paths.job(name),
    body,
  });
  // A conflict: the name belongs to another uid, so ours is gone. A `Job` in the answer still waits for a finalizer.
  const gone =
    answer.kind === 'not_found' ||
    answer.kind === 'conflict' ||
    (answer.kind === 'ok' && answer.body?.kind !== 'Job');
  if (gone) context.store.markRemoved(uid);
  else if (answer.kind !== 'ok') {
    context.log.warn(
      { attempt: ref.attemptId, kind: answer.kind, error: answer.message },
      'a Job could not be deleted',
    );
  }
  return gone;
};
