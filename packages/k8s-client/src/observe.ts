import {
  failure,
  type ExitReport,
  type Failure,
  type Observation,
  type StartClock,
} from '@job-orchestrator/types';
import { reportOutput } from './collector/report-output.ts';
import { judgeEnd, neverRan, wasRemoved } from './observe/ending-rules.ts';
import type { AttemptView, ContainerView, EventView, JobView, PodView, Warning } from './observe/views.ts';
import { isSameTrouble, isTrouble, judgeEvent, judgeWaitingPod } from './observe/waiting-rules.ts';

/** True once the pod's program cannot run any more. The main container decides: a phase waits for sidecars, a dead node for ever. */
export const hasEnded = (pod: PodView): boolean =>
  pod.gone || pod.main.state.kind === 'terminated' || pod.phase === 'Failed' || pod.phase === 'Succeeded';

const bareBackOff = /^Back-off pulling image "[^"]*"$/;

/** Older kubelets say while they back off only that they do: why the last pull failed stays what it was. */
const keepCause = (before: ContainerView | undefined, after: ContainerView): ContainerView => {
  const [was, is] = [before?.state, after.state];
  if (was?.kind !== 'waiting' || !/^(ErrImagePull|ImagePullBackOff)$/.test(was.reason)) return after;
  if (is.kind !== 'waiting' || !bareBackOff.test(is.message)) return after;
  return { ...after, state: { ...is, message: was.message } };
};

/**
 * A pod seen anew. An end that was seen before anybody asked the pod to go stays as it was: what happens to a finished pod
 * later (clean-up, drain) says nothing about its program. Else the newer state counts. `nowMs`: on our monotonic clock.
 */
export const mergePod = (before: PodView | undefined, after: PodView, nowMs: number): PodView => {
  const deletingSinceMs = after.deleting ? (before?.deletingSinceMs ?? nowMs) : null;
  if (before === undefined)
    return { ...after, deletingSinceMs, troubleSinceMs: isTrouble(after) ? nowMs : null };
  // Its collector goes on for some seconds after the program.
  if (hasEnded(before) && !before.deleting && !before.gone)
    return { ...before, version: after.version, phase: after.phase, collector: after.collector };
  const troubled =
    isTrouble(after) || (before.troubleSinceMs !== null && after.main.state.kind === 'waiting');
  return {
    ...after,
    main: keepCause(before.main, after.main),
    init: after.init.map((each) =>
      keepCause(
        before.init.find(({ name }) => name === each.name),
        each,
      ),
    ),
    gone: after.gone || before.gone,
    deletingSinceMs,
    troubleSinceMs: troubled ? (before.troubleSinceMs ?? nowMs) : null,
  };
};

/** The newest warning counts; but that a pod is evicted stays true, whatever is warned of while it goes. */
export const mergeEvent = (before: EventView | undefined, after: Warning, nowMs: number): EventView => {
  if (before === undefined) return { ...after, seenMs: nowMs };
  if (before.reason === 'Evicted') return before;
  return { ...after, seenMs: isSameTrouble(before, after) ? before.seenMs : nowMs };
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

/**
 * A container of which nobody knows how it ended, or that never began, reads 137 `ContainerStatusUnknown`; one whose command
 * could not be started reads what runc ended with. Neither is an exit of the program: it is judged with it; told it is not.
 */
const exitCodeOf = ({ main: { state } }: PodView): number | null =>
  state.kind === 'terminated' && state.reason !== 'ContainerStatusUnknown' && !neverRan(state)
    ? state.exitCode
    : null;

const exitOf = (pod: PodView, judged: Failure | null): ExitReport => {
  const { state, imageId } = pod.main;
  const ended = state.kind === 'terminated' ? state : null;
  const lastChange = pod.conditions.reduce(
    (last, { changedAt }) => Math.max(last, changedAt?.getTime() ?? 0),
    0,
  );
  const startedAt = ended?.startedAt ?? (state.kind === 'running' ? state.startedAt : null);
  return {
    exitCode: exitCodeOf(pod),
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

/**
 * Where a program that was over a limit of its own, or that a kubelet started anew does not let go on, answers with 0, the
 * kubelet (1.34) calls its pod `Succeeded`, without reason or condition: only the event tells.
 */
const evictedBy = (pod: PodView, event: EventView | null): PodView =>
  event?.reason === 'Evicted' && event.aboutUid === pod.uid && pod.reason === ''
    ? { ...pod, reason: event.reason, message: event.message }
    : pod;

// Our own request comes first: whatever the program answered to it is neither its success nor its fault.
const judgePod = (pod: PodView, job: JobView, event: EventView | null): Failure | null => {
  const judged = removedByDeadline(pod, job) ?? judgeEnd(evictedBy(pod, event));
  return judged !== null && job.stopRequested && wasRemoved(pod) ? stopped(judged.evidence) : judged;
};

// KEP-4368: `FailureTarget` comes with the decision, `Failed` once no pod is left, which on a dead node may be never.
const removedByDeadline = (pod: PodView, job: JobView): Failure | null => {
  const decided = condition(job, 'FailureTarget') ?? condition(job, 'Failed');
  if (decided?.reason !== 'DeadlineExceeded' || !wasRemoved(pod)) return null;
  return failure('run_deadline', decided.message, { pod: pod.name, condition: decided.type });
};

const condition = (job: JobView, type: string): JobView['conditions'][number] | undefined =>
  job.conditions.find((candidate) => candidate.type === type && candidate.status === 'True');

const endedAt = (finishedAt: Date, judged: Failure): Observation => ({
  kind: 'ended',
  exit: {
    exitCode: null,
    startedAt: null,
    finishedAt,
    failure: judged,
    output: { kind: 'none' },
    node: null,
    imageDigest: null,
  },
});

const endedWithoutPod = (job: JobView, judged: Failure): Observation =>
  endedAt(job.completedAt ?? condition(job, 'Failed')?.changedAt ?? job.createdAt, judged);

/** A Job that cannot be read was asked to end and has no pod: how its program ended nobody can say. */
export const endedUnread = (job: string, trouble: string, now: Date): Observation =>
  endedAt(now, stopped({ job, trouble }));

const judgeFailedJob = (job: JobView, reason: string, message: string): Failure => {
  const evidence = { job: job.name, condition: reason, message };
  if (job.stopRequested) return stopped(evidence);
  if (reason === 'DeadlineExceeded') return failure('run_deadline', message, evidence);
  if (reason === 'BackoffLimitExceeded') {
    return failure(
      'object_deleted',
      'Somebody deleted the pod of this attempt before its end was seen; it was not us.',
      evidence,
    );
  }
  return failure('unknown', `${reason}: ${message}`, evidence);
};

/** A suspended Job: Kueue's, when it is in one of its queues; else somebody's who will know. */
const heldBack = ({ localQueue }: JobView, ran: Date | null): Observation => ({
  kind: 'waiting',
  ...(localQueue === null
    ? { reason: 'suspended', message: 'The Job is suspended; its pod is made once somebody resumes it.' }
    : { reason: 'quota', message: `The Job waits for quota in the queue ${localQueue} of Kueue.` }),
  ...(ran === null ? {} : { ranSince: ran }),
});

/** When the pod's program started; null when it did not. */
const ranSince = ({ main, createdAt }: PodView): Date | null => {
  const { state } = main;
  return state.kind === 'running' || state.kind === 'terminated' ? (state.startedAt ?? createdAt) : null;
};

/**
 * The time to start stands still while the Job is suspended, and begins anew when it is resumed (KEP-2232): by its condition,
 * for the spec says so a moment before anything follows from it.
 */
const startClockOf = (job: JobView, nowMs: number): { readonly startClock?: StartClock } => {
  const told = toldOfSuspension(job);
  if (job.suspended || told?.status === 'True') return { startClock: 'stopped' };
  return told === undefined ? {} : { startClock: nowMs - (job.letGoMs ?? nowMs) };
};

const toldOfSuspension = ({ conditions }: JobView): JobView['conditions'][number] | undefined =>
  conditions.find(({ type }) => type === 'Suspended');

/**
 * A Job seen anew. When it was let go we know by ourselves where we saw it held back; where we did not, because another
 * executor did, the server's time has to do. `now`: by our clock, which is compared with that one only.
 */
export const mergeJob = (before: JobView | undefined, after: JobView, nowMs: number, now: Date): JobView => {
  const told = toldOfSuspension(after);
  if (told === undefined || told.status === 'True' || after.suspended) return after;
  if (before !== undefined) return { ...after, letGoMs: before.letGoMs ?? nowMs };
  const agoMs = now.getTime() - (told.changedAt ?? now).getTime();
  return { ...after, letGoMs: nowMs - Math.max(0, agoMs) };
};

/**
 * A pod that a suspension took away says nothing of a Job that was resumed since. Between the two the Job's spec is ahead of
 * its condition. Times are cut to the second, so that a pod of the very second of the resumption counts as made by it.
 */
const wasSuspendedAway = (pod: PodView, { suspended, conditions }: JobView): boolean => {
  if (suspended || !(pod.gone || (pod.deleting && hasEnded(pod)))) return false;
  const told = conditions.find(({ type }) => type === 'Suspended');
  if (told === undefined) return false;
  return told.status === 'True' || (told.changedAt !== null && pod.createdAt < told.changedAt);
};

const withStartClock = (seen: Observation, job: JobView, nowMs: number): Observation =>
  seen.kind === 'waiting' || seen.kind === 'refused' || seen.kind === 'terminating'
    ? { ...seen, ...startClockOf(job, nowMs) }
    : seen;

/** A Job of which no pod is known: not made yet, or made, gone and never seen by us. */
const observeWithoutPod = (job: JobView, view: AttemptView, nowMs: number): Observation => {
  const failed = condition(job, 'Failed');
  if (failed !== undefined) return endedWithoutPod(job, judgeFailedJob(job, failed.reason, failed.message));
  if (condition(job, 'Complete') !== undefined) {
    const sentence =
      'Kubernetes counted this attempt as complete, but its pod is gone, and nobody saw how it ended.';
    return endedWithoutPod(job, failure('suspect_success', sentence, { job: job.name }));
  }
  if (job.stopRequested && job.suspended)
    return endedWithoutPod(job, stopped({ job: job.name, suspended: true }));
  if (job.deleting) return { kind: 'terminating', message: 'The Job is being removed.' };
  if (job.suspended) return heldBack(job, null);
  return judgeEvent(view.event, nowMs);
};

/** A pod that should be gone by now, of which its node reports nothing more. */
const lostContact = (pod: PodView, goneBy: Date, nowMs: number): Observation => ({
  kind: 'node_lost',
  forMs: nowMs - (pod.deletingSinceMs ?? nowMs) - pod.graceMs,
  node: pod.node,
  message: `The pod should be gone since ${goneBy.toISOString()}, but node ${pod.node ?? 'unknown'} does not say that it is; its program may still run there.`,
});

const observePod = (
  pod: PodView,
  job: JobView,
  others: readonly PodView[],
  event: EventView | null,
  nowMs: number,
): Observation => {
  if (job.suspended && !job.stopRequested && wasRemoved(pod) && hasEnded(pod))
    return heldBack(job, ranSince(pod));
  const alive = others.find((other) => !hasEnded(other));
  if (hasEnded(pod) && alive !== undefined) {
    return {
      kind: 'terminating',
      message: `A second pod of this attempt, ${alive.name}, has not ended yet.`,
    };
  }
  if (hasEnded(pod)) return { kind: 'ended', exit: exitOf(pod, judgePod(pod, job, event)) };
  const { state } = pod.main;
  if (pod.goneBy !== null && pod.node !== null) return lostContact(pod, pod.goneBy, nowMs);
  if (state.kind === 'running')
    return {
      kind: 'running',
      startedAt: state.startedAt ?? pod.createdAt,
      node: pod.node,
      ...instanceOf(pod),
    };
  if (pod.deleting)
    return { kind: 'terminating', message: 'The pod is being removed before its program started.' };
  return judgeWaitingPod(pod, event, nowMs);
};

/**
 * What Kubernetes shows of an attempt, from what was cached of it. Pure. Pods that belong to another Job of the same name
 * are left out by uid. `absent` here means: neither in the cache nor known to be anywhere; the caller makes certain.
 * `nowMs`: on our monotonic clock.
 */
export const observeAttempt = (view: AttemptView, nowMs: number): Observation => {
  const { job } = view;
  if (job === null) {
    const alive = view.pods.find((pod) => !hasEnded(pod));
    return alive === undefined
      ? { kind: 'absent' }
      : { kind: 'terminating', message: `The Job is gone, but its pod ${alive.name} has not ended yet.` };
  }
  const pods = view.pods.filter((pod) => pod.jobUid === job.uid && !wasSuspendedAway(pod, job));
  const chosen = choosePod(pods);
  if (chosen === undefined) return withStartClock(observeWithoutPod(job, view, nowMs), job, nowMs);
  const others = pods.filter((pod) => pod !== chosen);
  return withStartClock(observePod(chosen, job, others, view.podEvent, nowMs), job, nowMs);
};
