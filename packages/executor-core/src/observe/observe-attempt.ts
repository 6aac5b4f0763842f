import {
  finalizing,
  stopGraceSeconds,
  stopping,
  type AttemptId,
  type Decision,
  type Observation,
  type Progress,
  type WaitingReason,
} from '@job-orchestrator/types';
import { decideAttempt } from '../decide/decide-attempt.ts';
import type { Held } from '../engine/held-attempts.ts';
import { refOf, type Life } from '../engine/life.ts';
import { closeAttempt } from '../record/close-attempt.ts';
import { storeProgress, storeWrite } from '../record/store-write.ts';
import { withOutput } from './collect-output.ts';

/** A stop that the runtime could not take is tried again after this long; its effect is looked for as often. */
const stopAgainMs = 2_000;
/** A stop that it took and that has not ended the program is asked for again, once grace and this are over. */
const stopPatienceMs = 20_000;

/** Looks again at `checkAt`, and in `withinMs` at the latest. */
const lookAt = (life: Life, id: AttemptId, checkAt: Date | null, withinMs: number | null = null): void => {
  const inMs = checkAt ? checkAt.getTime() - life.time.now().getTime() : Infinity;
  const soonestMs = Math.min(inMs, withinMs ?? Infinity);
  if (soonestMs < Infinity) life.lookLater(id, soonestMs);
};

const askToStop = async (life: Life, held: Held): Promise<void> => {
  const { runtime, clock } = life.deps;
  const { id } = held.attempt;
  if (!life.lease.holds()) return life.lookLater(id, stopAgainMs);
  const taken = await runtime.stop(refOf(life, held.attempt), stopGraceSeconds);
  if (held.over) return;
  if (taken) held.stopAskedMs = clock.monotonicMs();
  life.lookLater(id, stopAgainMs);
};

/** The intent is recorded before the runtime is asked, so that whoever sees the end knows that it was ours. */
const stop = async (
  life: Life,
  held: Held,
  decision: Extract<Decision, { kind: 'stop' }>,
  seen: Observation,
): Promise<void> => {
  const { attempt } = held;
  const news = attempt.stopIntent === null;
  if (news && !(await storeWrite(life, held, stopping(attempt.id, decision.intent, decision.reason)))) return;
  // The program has ended: nothing is left to ask, and the recorded intent decides.
  if (seen.kind === 'ended') return life.look(attempt.id);
  const askedMs = held.stopAskedMs;
  const waitMs = stopGraceSeconds * 1_000 + stopPatienceMs;
  const askedForMs = askedMs === null ? waitMs : life.deps.clock.monotonicMs() - askedMs;
  if (askedForMs < waitMs) return life.lookLater(attempt.id, stopAgainMs);
  await askToStop(life, held);
};

/** The steps of every attempt whose start nothing keeps. */
const startSteps: ReadonlySet<string> = new Set<WaitingReason>([
  'launching',
  'scheduling',
  'preparing',
  'pulling_image',
]);
/** They are told once the start takes longer than this: most are over before anybody could read them. */
const startMs = 500;

/** For how long nothing is to be told of a start yet; null: it is told now, or there is none. */
const restOfStart = (life: Life, held: Held, progress: Progress | null): number | null => {
  if (progress?.kind !== 'waiting' || !startSteps.has(progress.waiting.reason)) return null;
  const nowMs = life.deps.clock.monotonicMs();
  const restMs = (held.startingSinceMs ??= nowMs) + startMs - nowMs;
  return restMs > 0 ? restMs : null;
};

/** Its launch is under way until it has a place to run, or something keeps it from one. */
const notePlacing = (life: Life, { attempt }: Held, seen: Observation): void => {
  if (seen.kind === 'waiting' && (seen.reason === 'launching' || seen.reason === 'scheduling')) return;
  life.placing.delete(attempt.id);
};

const carryOut = async (life: Life, held: Held, decision: Decision, seen: Observation): Promise<void> => {
  const { id } = held.attempt;
  switch (decision.kind) {
    case 'wait': {
      const startsForMs = restOfStart(life, held, decision.progress);
      lookAt(life, id, decision.checkAt, startsForMs);
      if (startsForMs === null) await storeProgress(life, held, decision.progress);
      return;
    }
    case 'stop':
      return stop(life, held, decision, seen);
    case 'finalize':
      lookAt(life, id, decision.checkAt);
      await storeWrite(life, held, finalizing(id));
      return;
    case 'succeed':
    case 'retry':
    case 'fail':
    case 'cancel':
    default:
      return closeAttempt(life, held, decision, seen);
  }
};

/** Looks at one attempt, decides about it, and does what follows. */
export const observeAttempt = async (life: Life, id: AttemptId): Promise<void> => {
  const held = life.held.get(id);
  if (!held) return;
  const shown = await life.deps.runtime.observe(refOf(life, held.attempt));
  notePlacing(life, held, shown);
  const seen = await withOutput(life, held, shown);
  if (held.over) return;
  const now = life.time.now();
  const decision = decideAttempt({
    attempt: held.attempt,
    observation: seen,
    now,
    jitter: life.deps.random(),
  });
  await carryOut(life, held, decision, seen);
};
