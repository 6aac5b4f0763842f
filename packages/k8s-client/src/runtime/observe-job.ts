import type { AttemptRef, Observation } from '@job-orchestrator/types';
import { query } from '../http/paths.ts';
import { decodePod } from '../observe/decode.ts';
import type { AttemptView, PodView } from '../observe/views.ts';
import { endedUnread, observeAttempt } from '../observe.ts';
import { messageOf } from '../system-clock.ts';
import type { RuntimeContext } from './context.ts';
import { readCurrentJob } from './current-job.ts';
import type { Watches } from './watches.ts';

// A view without contact for longer than this is not shown as the present: "cannot say" holds, and never duplicates.
export const longestStaleMs = 30_000;

const unreachable = (message: string): Observation => ({ kind: 'unreachable', message });

const noContact = (watches: Watches | null): string | null => {
  if (watches === null) return 'The runtime has not been started.';
  const staleMs = watches.staleMs();
  return staleMs > longestStaleMs ? `No contact with Kubernetes for ${Math.round(staleMs / 1_000)} s.` : null;
};

/** Gone from our sight before its end was seen: deleted, or somebody took the labels from it by which it is watched. */
const vanished = ({ job, pods }: AttemptView): PodView | undefined =>
  pods.find(
    ({ gone, jobUid, phase, main }) =>
      gone &&
      jobUid === job?.uid &&
      main.state.kind !== 'terminated' &&
      phase !== 'Failed' &&
      phase !== 'Succeeded',
  );

/** An end that follows from a pod out of sight is one only if the server itself says that the pod is gone. */
const confirmEnd = async (
  context: RuntimeContext,
  view: AttemptView,
  seen: Observation,
): Promise<Observation> => {
  const pod = seen.kind === 'ended' ? vanished(view) : undefined;
  if (pod === undefined) return seen;
  const path = context.paths.pod(pod.name);
  const found = await context.api.json<unknown>({ method: 'GET', path });
  if (found.kind === 'not_found') return seen;
  if (found.kind !== 'ok') return unreachable(`The pod ${pod.name} cannot be read: ${found.message}`);
  try {
    const now = decodePod(found.body, () => pod.attempt);
    if (now.uid !== pod.uid) return seen;
    const pods = view.pods.map((each) => (each === pod ? now : each));
    return observeAttempt({ ...view, pods }, context.clock.monotonicMs());
  } catch (error) {
    return unreachable(`The pod ${pod.name} cannot be read: ${messageOf(error)}`);
  }
};

const isForeign = ({ job }: AttemptView, { object }: AttemptRef): boolean =>
  job !== null && object !== null && job.uid !== object.uid;

/**
 * The end of a Job that cannot be read, once we asked it to end: its deadline is over, so that it makes no pod any more, and
 * the server says that none is left. Null: nothing is known.
 */
const endUnread = async (context: RuntimeContext, ref: AttemptRef): Promise<Observation | null> => {
  const { api, paths, quarantine } = context;
  if (ref.object === null || !quarantine.uids('Job').includes(ref.object.uid)) return null;
  const current = await readCurrentJob(context, ref);
  if (current.kind !== 'unread' || !current.stopRequested) return null;
  const labelSelector = `controller-uid=${current.uid}`;
  const pods = await api.json<{ readonly items?: readonly unknown[] }>({
    method: 'GET',
    path: `${paths.pods}${query({ labelSelector, limit: 1 })}`,
  });
  if (pods.kind !== 'ok' || pods.body.items?.length !== 0) return null;
  return endedUnread(ref.object.name, current.message, context.clock.now());
};

/**
 * The Job is not in the cache, or another one stands there in its place. The cache may be behind a create of another
 * executor, and labels may have been edited; only the server itself can say that there is nothing.
 */
const observeAnew = async (context: RuntimeContext, ref: AttemptRef): Promise<Observation> => {
  const current = await readCurrentJob(context, ref);
  if (current.kind === 'unknown' || current.kind === 'unread') return unreachable(current.message);
  const view = context.store.view(ref.attemptId);
  const nowMs = context.clock.monotonicMs();
  if (current.kind === 'none')
    return isForeign(view, ref) ? { kind: 'absent' } : observeAttempt({ ...view, job: null }, nowMs);
  const now = { ...view, job: current.job };
  return confirmEnd(context, now, observeAttempt(now, nowMs));
};

/** What Kubernetes shows of an attempt now: from the cache, and from the server where the cache cannot know. */
export const observeJob = async (
  context: RuntimeContext,
  watches: Watches | null,
  ref: AttemptRef,
): Promise<Observation> => {
  const view = context.store.view(ref.attemptId);
  const seen = observeAttempt(view, context.clock.monotonicMs());
  if (seen.kind === 'ended' && !isForeign(view, ref)) return confirmEnd(context, view, seen);
  const silence = noContact(watches);
  if (silence !== null) return unreachable(silence);
  const trouble = context.quarantine.troubleOf(ref.attemptId);
  if (trouble !== null)
    return (await endUnread(context, ref)) ?? { kind: 'unreachable', message: trouble, unread: true };
  return view.job === null || isForeign(view, ref) ? observeAnew(context, ref) : seen;
};
