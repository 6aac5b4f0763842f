import type { AttemptId, Clock } from '@job-orchestrator/types';
import type { LabelledAttempt } from '../labels.ts';
import type { AttemptView, EventView, JobView, PodView, Warning } from '../observe/views.ts';
import { mergeEvent, mergeJob, mergePod } from '../observe.ts';

/** What the watches have shown, by attempt. Bounded by what exists in the cluster. */
export interface AttemptStore {
  putJob(job: JobView): void;
  putPod(pod: PodView): void;
  putEvent(event: Warning): void;
  dropJob(uid: string): void;
  /** The pod is deleted: its last state stays until its Job goes. */
  dropPod(uid: string): void;
  /** Our delete was confirmed: whatever still arrives about this uid is from the past. */
  markRemoved(uid: string): void;
  /** From now on each Job, or pod, is news at any version, also one that was removed: the server went back in time. */
  rewindJobs(): void;
  rewindPods(): void;
  view(attempt: AttemptId): AttemptView;
  /** Whose the Job or pod of this uid was when it was last seen. */
  attemptOf(uid: string): LabelledAttempt | null;
  jobs(): readonly JobView[];
  jobUids(): ReadonlySet<string>;
  podUids(): ReadonlySet<string>;
}

const rememberedEvents = 10_000;
const rememberedRemovals = 10_000;

/**
 * False for what changes nothing. Versions of one object only rise: a list served from the past must not undo what a watch
 * has shown, and of 10,000 objects listed anew, those that are as they were are nobody's news.
 */
const isNews = (version: string, before: string): boolean => {
  if (version === before) return version === '';
  const [one, other] = [Number(version), Number(before)];
  return !Number.isSafeInteger(one) || !Number.isSafeInteger(other) || one > other;
};

/** Makes what is known older than every version. */
const rewind = <View extends { readonly version: string }>(views: Map<string, View>): void =>
  views.forEach((view, uid) => views.set(uid, { ...view, version: '0' }));

const forgetOldest = (
  remembered: { size: number; keys(): Iterator<string>; delete(key: string): boolean },
  most: number,
): void => {
  if (remembered.size <= most) return;
  const oldest = remembered.keys().next();
  if (oldest.done !== true) remembered.delete(oldest.value);
};

/** Delete first, so that the order of the map is the order of arrival and the oldest goes first. */
const putNewest = (events: Map<string, EventView>, uid: string, event: Warning, nowMs: number): void => {
  const merged = mergeEvent(events.get(uid), event, nowMs);
  events.delete(uid);
  events.set(uid, merged);
  forgetOldest(events, rememberedEvents);
};

interface PodShelf {
  put(pod: PodView): boolean;
  get(uid: string): PodView | undefined;
  /** The pods with this attempt's label, and those that this Job owns: one that was taken over has pods with another's. */
  of(attempt: AttemptId, jobUid: string | undefined): readonly PodView[];
  markGone(pod: PodView): void;
  forget(pod: PodView): void;
  rewind(): void;
  livingUids(): ReadonlySet<string>;
}

const keysOf = (pod: PodView): readonly string[] =>
  pod.jobUid === null ? [pod.attempt.attemptId] : [pod.attempt.attemptId, pod.jobUid];

/** The pods by uid, by attempt and by Job. */
const createPodShelf = (clock: Clock): PodShelf => {
  const pods = new Map<string, PodView>();
  const uidsOf = new Map<string, Set<string>>();
  return {
    put: (pod) => {
      const before = pods.get(pod.uid);
      if (before !== undefined && !isNews(pod.version, before.version)) return false;
      pods.set(pod.uid, mergePod(before, pod, clock.monotonicMs()));
      for (const key of keysOf(pod)) uidsOf.set(key, (uidsOf.get(key) ?? new Set()).add(pod.uid));
      return true;
    },
    get: (uid) => pods.get(uid),
    of: (attempt, jobUid) => {
      const uids = new Set([...(uidsOf.get(attempt) ?? []), ...(uidsOf.get(jobUid ?? '') ?? [])]);
      return [...uids].flatMap((uid) => pods.get(uid) ?? []);
    },
    markGone: (pod) => void pods.set(pod.uid, { ...pod, gone: true }),
    forget: (pod) => {
      pods.delete(pod.uid);
      for (const key of keysOf(pod)) {
        const others = uidsOf.get(key);
        others?.delete(pod.uid);
        if (others?.size === 0) uidsOf.delete(key);
      }
    },
    rewind: () => rewind(pods),
    livingUids: () => new Set([...pods.values()].filter((pod) => !pod.gone).map((pod) => pod.uid)),
  };
};

const withEvents = (
  events: ReadonlyMap<string, EventView>,
  jobUid: string,
  pods: readonly PodView[],
): Omit<AttemptView, 'job'> => {
  const podEvent = pods.map(({ uid }) => events.get(uid)).find((found) => found !== undefined);
  return { pods, event: events.get(jobUid) ?? null, podEvent: podEvent ?? null };
};

/** An empty store; `onChange` is told of each attempt about which something new is known. */
export const createAttemptStore = (clock: Clock, onChange: (attempt: AttemptId) => void): AttemptStore => {
  const jobs = new Map<string, JobView>();
  const jobOf = new Map<AttemptId, string>();
  const events = new Map<string, EventView>();
  const removed = new Set<string>();
  const pods = createPodShelf(clock);

  /** Whose pod it is now: by the Job that owns it, else by its label. */
  const attemptOf = (pod: PodView): AttemptId =>
    jobs.get(pod.jobUid ?? '')?.attempt.attemptId ?? pod.attempt.attemptId;
  const putJob = (job: JobView): void => {
    const before = jobs.get(job.uid);
    if (removed.has(job.uid) || (before !== undefined && !isNews(job.version, before.version))) return;
    if (before !== undefined && before.attempt.attemptId !== job.attempt.attemptId)
      jobOf.delete(before.attempt.attemptId);
    jobs.set(job.uid, mergeJob(before, job, clock.monotonicMs(), clock.now()));
    jobOf.set(job.attempt.attemptId, job.uid);
    onChange(job.attempt.attemptId);
  };
  const forgetPod = (pod: PodView): void => {
    events.delete(pod.uid);
    pods.forget(pod);
  };
  const dropJob = (uid: string): void => {
    const job = jobs.get(uid);
    events.delete(uid);
    if (job === undefined) return;
    const { attemptId } = job.attempt;
    jobs.delete(uid);
    if (jobOf.get(attemptId) === uid) jobOf.delete(attemptId);
    for (const pod of pods.of(attemptId, uid)) if (pod.gone && pod.jobUid === uid) forgetPod(pod);
    onChange(attemptId);
  };
  const dropPod = (uid: string): void => {
    const pod = pods.get(uid);
    if (pod === undefined) return;
    if (pod.jobUid !== null && jobs.has(pod.jobUid)) pods.markGone(pod);
    else forgetPod(pod);
    onChange(attemptOf(pod));
  };
  const putEvent = (event: Warning): void => {
    putNewest(events, event.aboutUid, event, clock.monotonicMs());
    const about = jobs.get(event.aboutUid) ?? pods.get(event.aboutUid);
    if (about !== undefined) onChange(about.attempt.attemptId);
  };
  const view = (attempt: AttemptId): AttemptView => {
    const uid = jobOf.get(attempt) ?? '';
    return { job: jobs.get(uid) ?? null, ...withEvents(events, uid, pods.of(attempt, uid)) };
  };
  return {
    putJob,
    putPod: (pod) => (pods.put(pod) ? onChange(attemptOf(pod)) : undefined),
    putEvent,
    dropJob,
    dropPod,
    markRemoved: (uid) => {
      removed.add(uid);
      forgetOldest(removed, rememberedRemovals);
      dropJob(uid);
    },
    rewindJobs: () => {
      removed.clear();
      rewind(jobs);
    },
    rewindPods: pods.rewind,
    view,
    attemptOf: (uid) => (jobs.get(uid) ?? pods.get(uid))?.attempt ?? null,
    jobs: () => [...jobs.values()],
    jobUids: () => new Set(jobs.keys()),
    podUids: () => pods.livingUids(),
  };
};
