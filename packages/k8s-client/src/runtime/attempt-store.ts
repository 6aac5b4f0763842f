import type { AttemptId, Clock } from '@job-orchestrator/types';
import type { AttemptView, EventView, JobView, PodView } from '../observe/views.ts';
import { mergePod } from '../observe.ts';

/** What the watches have shown, by attempt. Bounded by what exists in the cluster. */
export interface AttemptStore {
  putJob(job: JobView): void;
  putPod(pod: PodView): void;
  putEvent(event: EventView): void;
  dropJob(uid: string): void;
  /** The pod is deleted: its last state stays until its Job goes. */
  dropPod(uid: string): void;
  /** Our delete was confirmed: whatever still arrives about this uid is from the past. */
  markRemoved(uid: string): void;
  view(attempt: AttemptId): AttemptView;
  jobs(): readonly JobView[];
  jobUids(): ReadonlySet<string>;
  podUids(): ReadonlySet<string>;
}

const rememberedEvents = 10_000;
const rememberedRemovals = 10_000;

// Versions of one object only rise; a list served from the past must not undo what a watch has shown.
const isOlder = (version: string, than: string): boolean => {
  const [one, other] = [Number(version), Number(than)];
  return Number.isSafeInteger(one) && Number.isSafeInteger(other) && one < other;
};

const forgetOldest = (
  remembered: { size: number; keys(): Iterator<string>; delete(key: string): boolean },
  most: number,
): void => {
  if (remembered.size <= most) return;
  const oldest = remembered.keys().next();
  if (oldest.done !== true) remembered.delete(oldest.value);
};

interface PodShelf {
  put(pod: PodView): boolean;
  get(uid: string): PodView | undefined;
  of(attempt: AttemptId): readonly PodView[];
  markGone(pod: PodView): void;
  forget(pod: PodView): void;
  livingUids(): ReadonlySet<string>;
}

/** The pods by uid and by attempt. */
const createPodShelf = (clock: Clock): PodShelf => {
  const pods = new Map<string, PodView>();
  const uidsOf = new Map<AttemptId, Set<string>>();
  return {
    put: (pod) => {
      const before = pods.get(pod.uid);
      if (before !== undefined && isOlder(pod.version, before.version)) return false;
      const { attemptId } = pod.attempt;
      pods.set(pod.uid, mergePod(before, pod, clock.now()));
      uidsOf.set(attemptId, (uidsOf.get(attemptId) ?? new Set()).add(pod.uid));
      return true;
    },
    get: (uid) => pods.get(uid),
    of: (attempt) => [...(uidsOf.get(attempt) ?? [])].flatMap((uid) => pods.get(uid) ?? []),
    markGone: (pod) => void pods.set(pod.uid, { ...pod, gone: true }),
    forget: (pod) => {
      pods.delete(pod.uid);
      const others = uidsOf.get(pod.attempt.attemptId);
      others?.delete(pod.uid);
      if (others?.size === 0) uidsOf.delete(pod.attempt.attemptId);
    },
    livingUids: () => new Set([...pods.values()].filter((pod) => !pod.gone).map((pod) => pod.uid)),
  };
};

/** An empty store; `onChange` is told of each attempt about which something new is known. */
export const createAttemptStore = (clock: Clock, onChange: (attempt: AttemptId) => void): AttemptStore => {
  const jobs = new Map<string, JobView>();
  const jobOf = new Map<AttemptId, string>();
  const events = new Map<string, EventView>();
  const removed = new Set<string>();
  const pods = createPodShelf(clock);

  const putJob = (job: JobView): void => {
    const before = jobs.get(job.uid);
    if (removed.has(job.uid) || (before !== undefined && isOlder(job.version, before.version))) return;
    jobs.set(job.uid, job);
    jobOf.set(job.attempt.attemptId, job.uid);
    onChange(job.attempt.attemptId);
  };
  const dropJob = (uid: string): void => {
    const job = jobs.get(uid);
    events.delete(uid);
    if (job === undefined) return;
    const { attemptId } = job.attempt;
    jobs.delete(uid);
    if (jobOf.get(attemptId) === uid) jobOf.delete(attemptId);
    for (const pod of pods.of(attemptId)) if (pod.gone && pod.jobUid === uid) pods.forget(pod);
    onChange(attemptId);
  };
  const dropPod = (uid: string): void => {
    const pod = pods.get(uid);
    if (pod === undefined) return;
    if (pod.jobUid !== null && jobs.has(pod.jobUid)) pods.markGone(pod);
    else pods.forget(pod);
    onChange(pod.attempt.attemptId);
  };
  const putEvent = (event: EventView): void => {
    // Delete first, so that the order of the map is the order of arrival and the oldest goes first.
    events.delete(event.jobUid);
    events.set(event.jobUid, event);
    forgetOldest(events, rememberedEvents);
    const job = jobs.get(event.jobUid);
    if (job !== undefined) onChange(job.attempt.attemptId);
  };
  const view = (attempt: AttemptId): AttemptView => {
    const uid = jobOf.get(attempt);
    const job = uid === undefined ? undefined : jobs.get(uid);
    const event = uid === undefined ? undefined : events.get(uid);
    return { job: job ?? null, pods: pods.of(attempt), event: event ?? null };
  };
  return {
    putJob,
    putPod: (pod) => (pods.put(pod) ? onChange(pod.attempt.attemptId) : undefined),
    putEvent,
    dropJob,
    dropPod,
    markRemoved: (uid) => {
      removed.add(uid);
      forgetOldest(removed, rememberedRemovals);
      dropJob(uid);
    },
    view,
    jobs: () => [...jobs.values()],
    jobUids: () => new Set(jobs.keys()),
    podUids: () => pods.livingUids(),
  };
};
