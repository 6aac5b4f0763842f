import type { AttemptId, AttemptLaunch, EnsureOutcome } from '@job-orchestrator/types';
import { annotations, labels } from '../labels.ts';
import type { JobView } from '../observe/views.ts';
import type { RuntimeContext } from './context.ts';

/** What is read of the Job that stands in the attempt's place. */
export interface FormerJob {
  readonly attemptId: AttemptId;
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
}

const unresolved = (message: string): EnsureOutcome => ({ kind: 'unresolved', message });

/**
 * Goes on with a Job of the same job and number that carries an attempt id of a time that the database has forgotten: it is
 * this very execution. Its label is rewritten against the version that was read, so that every executor, later ones too,
 * finds it; the pod keeps its labels and is found by its owner. `remember` puts the answer into the cache.
 */
export const takeOverJob = async (
  context: RuntimeContext,
  launch: AttemptLaunch,
  former: FormerJob,
  maySend: () => boolean,
  remember: (job: unknown) => boolean,
): Promise<EnsureOutcome> => {
  const { uid, name, resourceVersion, attemptId } = former;
  const metadata = {
    uid,
    resourceVersion,
    labels: { [labels.attemptId]: launch.attemptId },
    annotations: { [annotations.takenOverFrom]: attemptId },
  };
  const answer = await context.api.json<unknown>({
    method: 'PATCH',
    path: context.paths.job(name),
    body: { metadata },
    contentType: 'application/merge-patch+json',
    maySend,
  });
  if (answer.kind === 'withheld') return { kind: 'withheld' };
  if (answer.kind !== 'ok')
    return unresolved(`The Job ${name} is to be taken over, which failed: ${answer.message}`);
  if (!remember(answer.body)) return unresolved(`The Job ${name} was taken over and cannot be read.`);
  return { kind: 'taken_over', object: { uid, name }, from: attemptId };
};

/** A Job of the same job with a higher number: the database has forgotten that attempt. Null: none is known, or ours is. */
export const laterJob = (context: RuntimeContext, launch: AttemptLaunch): JobView | null => {
  if (context.store.view(launch.attemptId).job !== null) return null;
  const isLater = ({ attempt }: JobView): boolean =>
    attempt.jobId === launch.jobId && attempt.attemptNumber > launch.attemptNumber;
  return context.store.jobs().find(isLater) ?? null;
};
