import {
  stopGraceSeconds,
  tombstoneSeconds,
  type AttemptFate,
  type AttemptId,
  type AttemptRef,
} from '@job-orchestrator/types';
import { fatesOf } from '../adopt/reconcile-first.ts';
import type { Life } from '../engine/life.ts';
import { concurrency } from '../timing.ts';

const alive = new Set(['waiting', 'running', 'refused']);

/** Nothing of a closed attempt may run on; what has ended stays as a tombstone until its time is over. */
const cleanObject = async (life: Life, ref: AttemptRef, fate: AttemptFate): Promise<void> => {
  const { runtime } = life.deps;
  const seen = await runtime.observe(ref);
  if (!life.lease.holds()) return;
  if (alive.has(seen.kind)) await runtime.stop(ref, stopGraceSeconds);
  if ((fate.closedForSeconds ?? 0) >= tombstoneSeconds && life.lease.holds()) await runtime.remove(ref);
};

const cleanObjects = async (
  life: Life,
  work: readonly (readonly [AttemptRef, AttemptFate])[],
): Promise<void> => {
  const queue = [...work];
  const cleanSome = async (): Promise<void> => {
    for (let next = queue.pop(); next && life.alive(); next = queue.pop()) {
      const [ref, fate] = next;
      await cleanObject(life, ref, fate).catch((error: unknown) => {
        life.deps.log.warn(
          { attempt: ref.attemptId, error: String(error) },
          'an object could not be cleaned up',
        );
      });
    }
  };
  await Promise.all(Array.from({ length: concurrency.janitor }, cleanSome));
};

/** Removes, by uid, what is left of closed attempts; objects that the database does not know are named once and left. */
export const createJanitor = (life: Life): (() => Promise<void>) => {
  const named = new Set<AttemptId>();
  const nameUnknown = (id: AttemptId): void => {
    if (named.has(id)) return;
    named.add(id);
    life.deps.log.warn(
      { attempt: id },
      'an object of this installation belongs to no attempt that is known; left alone',
    );
  };
  return async () => {
    const refs = await life.deps.runtime.list();
    if (!refs || !life.alive()) return;
    const others = new Map(
      refs.filter(({ attemptId }) => !life.held.get(attemptId)).map((ref) => [ref.attemptId, ref]),
    );
    const fates = await fatesOf(life, [...others.keys()]);
    fates.filter(({ kind }) => kind === 'unknown').forEach(({ attemptId }) => nameUnknown(attemptId));
    const work = fates.flatMap((fate) => {
      const ref = others.get(fate.attemptId);
      return fate.kind === 'closed' && ref ? [[ref, fate] as const] : [];
    });
    await cleanObjects(life, work);
  };
};
