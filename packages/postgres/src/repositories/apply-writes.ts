import type { AppliedWrites, AttemptId, AttemptWrite, IncarnationId } from '@job-orchestrator/types';
import { connectionLost, leaseIsOver } from '../connection/faults.ts';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { forgetOutputs } from '../sql/attempt-outputs.ts';
import { endAttempts, type Ending } from '../sql/end-attempts.ts';
import type { FencedAnswer } from '../sql/fence.ts';
import { attemptFates } from '../sql/read-attempts.ts';
import { requeueAttempts, type Requeuing } from '../sql/requeue-attempts.ts';
import * as update from '../sql/update-attempts.ts';
import { endInstead, planWaves, statementCount, type Wave } from './write-plan.ts';

/** What a transaction of writes did. */
export interface WritesDone extends AppliedWrites {
  /** Slots of limited topics became free, or jobs went back to the queue. */
  readonly claimable: boolean;
  readonly ended: boolean;
  /** Nodes of DAG runs are among what ended. */
  readonly ofDags: boolean;
}

type Collected = { readonly applied: Set<string>; claimable: boolean; ended: boolean; ofDags: boolean };

const nothingDone = (): Collected => ({ applied: new Set(), claimable: false, ended: false, ofDags: false });

const note = (collected: Collected, { applied, freed = 0 }: FencedAnswer): void => {
  for (const id of applied) collected.applied.add(id);
  if (freed > 0) collected.claimable = true;
};

const end = async (sql: Sql, owner: IncarnationId, endings: readonly Ending[], into: Collected) => {
  const answer = await endAttempts(sql, owner, endings);
  note(into, answer);
  into.ended ||= answer.applied.length > 0;
  into.ofDags ||= answer.ofDags;
};

const requeue = async (sql: Sql, owner: IncarnationId, requeued: readonly Requeuing[], into: Collected) => {
  const answer = await requeueAttempts(sql, owner, requeued);
  note(into, answer);
  if (answer.applied.length > 0) into.claimable = true;
  if (answer.cancelled.length === 0) return;
  const cancelled = new Set(answer.cancelled);
  const endings = requeued.filter(({ attemptId }) => cancelled.has(attemptId)).map(endInstead);
  await end(sql, owner, endings, into);
};

const applyWave = async (sql: Sql, owner: IncarnationId, wave: Wave, into: Collected): Promise<void> => {
  const { launched, waiting, running, stopping, finalizing, requeued, ended } = wave;
  if (launched.length > 0) note(into, await update.recordLaunched(sql, owner, launched));
  if (waiting.length > 0) note(into, await update.recordWaiting(sql, owner, waiting));
  if (running.length > 0) note(into, await update.recordRunning(sql, owner, running));
  if (stopping.length > 0) note(into, await update.recordStopping(sql, owner, stopping));
  if (finalizing.length > 0) note(into, await update.recordFinalizing(sql, owner, finalizing));
  if (requeued.length > 0) await requeue(sql, owner, requeued, into);
  if (ended.length > 0) await end(sql, owner, ended, into);
};

/** So few writes of two kinds come when little is to do: the disk has time for two commits, and three statements are saved. */
const fewWrites = 4;

const idsIn = (waves: readonly Wave[]): readonly AttemptId[] => [
  ...new Set(
    waves
      .flatMap((wave) => Object.values(wave).flat() as { attemptId: AttemptId }[])
      .map((each) => each.attemptId),
  ),
];

/** Launches, waits and starts that are stored twice keep their times; these note the time of the write. */
const mayRepeat = ({ stopping, finalizing }: Wave): boolean => stopping.length + finalizing.length === 0;

/** True for what needs no transaction around it: each attempt is in one statement, and ends, which cannot be repeated, are last. */
const standsAlone = (waves: readonly Wave[]): boolean => {
  const statements = statementCount(waves);
  const isFew = statements === 2 && idsIn(waves).length <= fewWrites && waves.every(mayRepeat);
  return waves.length === 1 && waves[0]?.requeued.length === 0 && (statements === 1 || isFew);
};

const applyOnce = async (store: Store, owner: IncarnationId, waves: readonly Wave[]): Promise<Collected> => {
  const [first] = waves;
  if (first !== undefined && standsAlone(waves)) {
    const collected = nothingDone();
    await applyWave(store, owner, first, collected);
    return collected;
  }
  return store.transaction(async (sql) => {
    const into = nothingDone();
    await update.lockForWrites(sql, owner, idsIn(waves));
    for (const wave of waves) await applyWave(sql, owner, wave, into);
    return into;
  });
};

/**
 * After an answer was lost in COMMIT the second run finds its attempts closed. Those that this owner closed are
 * applied, not stale.
 */
const closedByUs = async (store: Store, owner: IncarnationId, ids: readonly AttemptId[]) => {
  const fates = await attemptFates(store, ids);
  return fates.filter((fate) => fate.kind === 'closed' && fate.owner === owner).map(({ id }) => id);
};

/** An output is the history's now. A stale end removes nothing: the attempt goes on. What fails here, the upkeep does. */
const forgetDelivered = async (
  store: Store,
  waves: readonly Wave[],
  applied: ReadonlySet<string>,
): Promise<void> => {
  const delivered = waves
    .flatMap(({ ended }) => ended)
    .filter(({ output, attemptId }) => output !== null && applied.has(attemptId))
    .map(({ attemptId }) => attemptId);
  if (delivered.length > 0) await forgetOutputs(store, delivered).catch(() => undefined);
};

/**
 * An end that changed nothing may have been stored before, by a call whose every answer was lost: what it did, and nobody
 * was told of then, is not known.
 */
const endsAnew = (waves: readonly Wave[], applied: ReadonlySet<string>): boolean =>
  waves.some(({ ended, requeued }) =>
    [...ended, ...requeued].some(({ attemptId }) => !applied.has(attemptId)),
  );

/** Applies writes of one owner, in one transaction where a few statements do not do it. */
export const applyWrites = async (
  store: Store,
  owner: IncarnationId,
  writes: readonly AttemptWrite[],
): Promise<WritesDone> => {
  const waves = planWaves(writes);
  let answerLost = false;
  const done = await withRetries('repeatable', () =>
    applyOnce(store, owner, waves).catch((error: unknown) => {
      if (leaseIsOver(error)) return nothingDone();
      answerLost ||= connectionLost(error);
      throw error;
    }),
  );
  const { applied } = done;
  const ids = [...new Set(writes.map(({ attemptId }) => attemptId))];
  const doubtful = answerLost || endsAnew(waves, applied);
  if (answerLost) {
    const unknown = ids.filter((id) => !applied.has(id));
    for (const id of await closedByUs(store, owner, unknown)) applied.add(id);
  }
  await forgetDelivered(store, waves, applied);
  return {
    applied: ids.filter((id) => applied.has(id)),
    stale: ids.filter((id) => !applied.has(id)),
    claimable: done.claimable || doubtful,
    ended: done.ended || doubtful,
    ofDags: done.ofDags || doubtful,
  };
};
