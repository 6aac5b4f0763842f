import { failure, type ExitReport, type Failure, type Observation } from '@job-orchestrator/types';
import { reportOutput } from './collector/report-output.ts';
import { judgeEnd, wasRemoved } from './observe/ending-rules.ts';
import type { AttemptView, JobView, PodView } from './observe/views.ts';
import { isTrouble, judgeEvent, judgeWaitingPod } from './observe/waiting-rules.ts';

/** True once the pod's program cannot run any more. The main container decides: a phase waits for sidecars, a dead node for ever. */
export const hasEnded = (pod: PodView): boolean =>
  pod.gone || pod.main.state.kind === 'terminated' || pod.phase === 'Failed' || pod.phase === 'Succeeded';

const inTrouble = ({ main, collector }: PodView): boolean =>
  isTrouble(main.state) || (collector !== null && isTrouble(collector.state));

/**
 * A pod seen anew. An end that was seen before anybody asked the pod to go stays as it was: what happens to a finished pod
 * later (clean-up, drain) says nothing about its program. Else the newer state counts.
 */
export const mergePod = (before: PodView | undefined, after: PodView, now: Date): PodView => {
  if (before?.uid !== after.uid) return { ...after, troubleSince: inTrouble(after) ? now : null };
  // Its collector goes on for some seconds after the program.
  if (hasEnded(before) && !before.deleting && !before.gone)
    return { ...before, version: after.version, phase: after.phase, collector: after.collector };
  const troubled = inTrouble(after) || (before.troubleSince !== null && after.main.state.kind === 'waiting');
  return {
    ...after,
    gone: after.gone || before.gone,
    troubleSince: troubled ? (before.troubleSince ?? now) : null,
  };
};

const byAge = (one: PodView, other: PodView): number =>
  one.createdAt.getTime() - other.createdAt.getTime() || (one.uid < other.uid ? -1 : 1);

/**
 * The one pod that speaks for a Job. Normally there is one. Where the Job controller made two (kubernetes#130683), the
 * older one that still exists does; where all were deleted (a queue manager suspended the Job), the newest.
 */
const choosePod = (pods: readonly PodView[]): PodView | undefined => {
  const sorted = pods.toSorted(byAge);
  return sorted.find((pod) => !pod.gone) ?? sorted.at(-1);
};

/** From where an output may come; said only of pods that have a collector. */
const instanceOf = (pod: PodView): { readonly instance?: string } =>
  pod.collector === null ? {} : { instance: pod.uid };

const exitOf = (pod: PodView, judged: Failure | null): ExitReport => {
  const { state, imageId } = pod.main;
  const ended = state.kind === 'terminated' ? state : null;
  const lastChange = pod.conditions.reduce(
    (last, { changedAt }) => Math.max(last, changedAt?.getTime() ?? 0),
    0,
  );
  const startedAt = ended?.startedAt ?? (state.kind === 'running' ? state.startedAt : null);
  return {
    exitCode: ended?.exitCode ?? null,
    startedAt,
    finishedAt: ended?.finishedAt ?? (lastChange > 0 ? new Date(lastChange) : pod.createdAt),
    failure: judged,
    output: judged === null ? reportOutput(pod) : { kind: 'none' },
    node: pod.node,
    imageDigest: imageId,
    ...instanceOf(pod),
  };
};

const stopped = (evidence: Failure['evidence']): Failure =>
  failure('cancelled', 'The attempt was asked to end, and ended.', evidence);

// Our own request comes first: whatever the program answered to it is neither its success nor its fault.
const judgePod = (pod: PodView, job: JobView): Failure | null => {
  const judged = judgeEnd(pod);
  return judged !== null && job.stopRequested && wasRemoved(pod) ? stopped(judged.evidence) : judged;
};

const condition = (job: JobView, type: string): JobView['conditions'][number] | undefined =>
  job.conditions.find((candidate) => candidate.type === type && candidate.status === 'True');

const endedWithoutPod = (job: JobView, judged: Failure): Observation => ({
  kind: 'ended',
  exit: {
    exitCode: null,
    startedAt: null,
    finishedAt: job.completedAt ?? condition(job, 'Failed')?.changedAt ?? job.createdAt,
    failure: judged,
    output: { kind: 'none' },
    node: null,
    imageDigest: null,
  },
});

const judgeFailedJob = (job: JobView, reason: string, message: string): Failure => {
  const evidence = { job: job.name, condition: reason, message };
  if (job.stopRequested) return stopped(evidence);
  if (reason === 'DeadlineExceeded') return failure('run_deadline', message, evidence);
  if (reason === 'BackoffLimitExceeded') {
    return failure(
      'object_deleted',
      'The pod of this attempt was deleted before its end was seen.',
      evidence,
    );
  }
  return failure('unknown', `${reason}: ${message}`, evidence);
};

/** A Job of which no pod is known: not made yet, or made, gone and never seen by us. */
const observeWithoutPod = (job: JobView, view: AttemptView): Observation => {
  const failed = condition(job, 'Failed');
  if (failed !== undefined) return endedWithoutPod(job, judgeFailedJob(job, failed.reason, failed.message));
  if (condition(job, 'Complete') !== undefined) {
    const sentence =
      'Kubernetes counted this attempt as complete, but its pod is gone, and nobody saw how it ended.';
    return endedWithoutPod(job, failure('suspect_success', sentence, { job: job.name }));
  }
  if (job.stopRequested && job.suspended) return endedWithoutPod(job, stopped({ job: job.name }));
  if (job.deleting) return { kind: 'terminating', message: 'The Job is being removed.' };
  if (job.suspended) return { kind: 'waiting', reason: 'suspended', message: 'The Job is suspended.' };
  return judgeEvent(view.event);
};

const observePod = (pod: PodView, job: JobView, others: readonly PodView[]): Observation => {
  if (job.suspended && !job.stopRequested && wasRemoved(pod)) {
    return { kind: 'waiting', reason: 'suspended', message: 'The Job was suspended and its pod removed.' };
  }
  const alive = others.find((other) => !hasEnded(other));
  if (hasEnded(pod) && alive !== undefined) {
    return {
      kind: 'terminating',
      message: `A second pod of this attempt, ${alive.name}, has not ended yet.`,
    };
  }
  if (hasEnded(pod)) return { kind: 'ended', exit: exitOf(pod, judgePod(pod, job)) };
  const { state } = pod.main;
  if (state.kind === 'running')
    return {
      kind: 'running',
      startedAt: state.startedAt ?? pod.createdAt,
      node: pod.node,
      ...instanceOf(pod),
    };
  if (pod.deleting)
    return { kind: 'terminating', message: 'The pod is being removed before its program started.' };
  return judgeWaitingPod(pod);
};

/**
 * What Kubernetes shows of an attempt, from what was cached of it. Pure. Pods that belong to another Job of the same name
 * are left out by uid. `absent` here means: neither in the cache nor known to be anywhere; the caller makes certain.
 */
export const observeAttempt = (view: AttemptView): Observation => {
  const { job } = view;
  if (job === null) {
    const alive = view.pods.find((pod) => !hasEnded(pod));
    return alive === undefined
      ? { kind: 'absent' }
      : { kind: 'terminating', message: `The Job is gone, but its pod ${alive.name} has not ended yet.` };
  }
  const pods = view.pods.filter((pod) => pod.jobUid === job.uid);
  const chosen = choosePod(pods);
  if (chosen === undefined) return observeWithoutPod(job, view);
  return observePod(
    chosen,
    job,
    pods.filter((pod) => pod !== chosen),
  );
};
