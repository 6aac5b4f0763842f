import type { AttemptRef } from '@job-orchestrator/types';
import { annotations } from '../labels.ts';
import type { LogCaptures } from '../logs/captures.ts';
import type { RuntimeContext } from './context.ts';
import { findObject } from './current-job.ts';

/**
 * Asks the Job controller to end the attempt by a deadline that has passed: it deletes the pod with its grace (SIGTERM,
 * then SIGKILL), and the Job stays, `Failed`, until it is recorded. Tried on 1.34 beside the alternatives: deleting the Job
 * leaves nothing to observe; `suspend` ends the pod alike, but the Job never becomes terminal and could be resumed. The pod
 * itself we have no right to touch. Its log goes with it, hence the capture before.
 */
const stopPatch = (uid: string, at: Date, suspended: boolean): object => ({
  metadata: { uid, annotations: { [annotations.stopRequested]: at.toISOString() } },
  // A suspended Job is ended by nothing, and whoever resumes it later must find that it makes no pod.
  spec: { activeDeadlineSeconds: 1, ...(suspended ? { parallelism: 0 } : {}) },
});

/** Asks the attempt's program to end. True: asked, or nothing is left to ask. The grace was fixed with the manifest. */
export const stopJob = async (
  context: RuntimeContext,
  captures: LogCaptures,
  ref: AttemptRef,
): Promise<boolean> => {
  const object = await findObject(context, ref);
  if (typeof object === 'string') return object === 'none';
  const cached = context.store.view(ref.attemptId).job;
  if (cached?.stopRequested === true) return true;
  await captures.begin(ref);
  const body = stopPatch(object.uid, context.clock.now(), cached?.suspended === true);
  const contentType = 'application/merge-patch+json';
  const answer = await context.api.json({
    method: 'PATCH',
    path: context.paths.job(object.name),
    body,
    contentType,
  });
  if (answer.kind === 'ok' || answer.kind === 'not_found' || answer.kind === 'conflict') return true;
  context.log.warn(
    { attempt: ref.attemptId, kind: answer.kind, error: answer.message },
    'an attempt could not be stopped',
  );
  return false;
};
