import {
  closed,
  limits,
  stopGraceSeconds,
  unreadLog,
  type ClosingDecision,
  type LogTail,
  type Observation,
} from '@job-orchestrator/types';
import type { Held } from '../engine/held-attempts.ts';
import { refOf, type Life } from '../engine/life.ts';
import { withTimeout } from '../queue/waiting.ts';
import { logTailTimeoutMs } from '../timing.ts';
import { plainEnd } from './plain-end.ts';
import type { Recorded } from './recorder.ts';
import { refusesData } from './refused-data.ts';

/** How long to wait before each further try to remove an object; after the last the janitor has it. */
const removeAgainMs = [1_000, 5_000, 15_000];

interface AttemptEnd {
  readonly decision: ClosingDecision;
  readonly log: LogTail | null;
}

const fetchLogTail = async (life: Life, held: Held): Promise<LogTail | null> => {
  const { runtime, clock, log } = life.deps;
  if (!held.attempt.object) return null;
  try {
    const asked = runtime.logTail(refOf(life, held.attempt), limits.logTailBytes);
    return await withTimeout(clock, logTailTimeoutMs, asked, unreadLog);
  } catch (error) {
    log.warn({ attempt: held.attempt.id, error: String(error) }, 'the log could not be read');
    return unreadLog;
  }
};

const left = (life: Life, held: Held, error: unknown): void =>
  life.deps.log.warn(
    { attempt: held.attempt.id, error: String(error) },
    'clean-up failed; left to the janitor',
  );

/** Removes the object now, where what it ran may go on or begin; else when no launch is kept waiting by it. */
const removeObject = (life: Life, held: Held, urgent: boolean, tries = 0): void => {
  const remove = async (): Promise<void> => {
    try {
      if (!life.lease.holds() || (await life.deps.runtime.remove(refOf(life, held.attempt)))) return;
    } catch (error) {
      return left(life, held, error);
    }
    const againMs = removeAgainMs[tries];
    if (againMs === undefined) return;
    life.deps.clock.setTimer(againMs, () => life.alive() && removeObject(life, held, urgent, tries + 1));
  };
  if (urgent) life.background(remove());
  else life.removals.add(remove);
};

const stopRest = async (life: Life, held: Held): Promise<void> => {
  try {
    await life.deps.runtime.stop(refOf(life, held.attempt), stopGraceSeconds);
  } catch (error) {
    left(life, held, error);
  }
};

/**
 * What is left of a closed attempt. Where we got the confirmation of its create ourselves, no other create of its name
 * can come, and the object goes; else it stays as a tombstone, which must at least not run on.
 */
const cleanUp = (life: Life, held: Held, seen: Observation | null): void => {
  if (!held.attempt.object || !life.alive()) return;
  const ended = seen?.kind === 'ended';
  if (held.createdByUs && !held.attempt.adoptedWhileLaunching) removeObject(life, held, !ended);
  else if (!ended && seen?.kind !== 'absent' && life.lease.holds()) life.background(stopRest(life, held));
};

/** After this many refusals, and with a database that answers, the end itself is what it refuses. */
const refusalsMost = 4;

/** What to record of an end: all of it, or what is left when the database refuses it for what is in it. */
const storable = async (life: Life, held: Held, end: AttemptEnd): Promise<AttemptEnd> => {
  if (held.refusals < refusalsMost) return end;
  await life.deps.database.ping();
  life.deps.log.error(
    { attempt: held.attempt.id },
    'the database refuses the end of this attempt; its details are left out',
  );
  return { decision: plainEnd(end.decision, held.attempt.spec.output), log: null };
};

/** Before the end is recorded: a job that is completed has all its outputs. */
const keepFiles = async (
  { deps, incarnation }: Life,
  held: Held,
  decision: ClosingDecision,
): Promise<void> => {
  if (decision.kind !== 'succeed' || decision.exit.output.kind !== 'ready') return;
  const { files } = decision.exit.output;
  if (files.length > 0) await deps.database.outputs.keepFiles(incarnation, held.attempt.id, files);
};

const recordEnd = async (life: Life, held: Held, end: AttemptEnd): Promise<Recorded> => {
  try {
    await keepFiles(life, held, end.decision);
    return await life.recorder.record(closed(held.attempt.id, end.decision, end.log));
  } catch (error) {
    // Anything else (no connection, a full disk) says nothing against the end: it is tried until it is taken.
    if (refusesData(error)) held.refusals += 1;
    throw error;
  }
};

/**
 * Whoever follows a program that wrote much and ended at once has read little of it yet, and we keep 64 KiB. So long its
 * object stays for them; where we are gone by then, the janitor removes it.
 */
const readersMs = 30_000;

const isMoreThanKept = (log: LogTail | null): boolean =>
  log !== null && (log.extent !== 'exact' || log.totalBytes > log.bytes.length);

/** Ends an attempt: its log is fetched, its end recorded, its slot freed, and then its object cleaned up. */
export const closeAttempt = async (
  life: Life,
  held: Held,
  decision: ClosingDecision,
  seen: Observation | null,
): Promise<void> => {
  const log = await fetchLogTail(life, held);
  const end = await storable(life, held, { decision, log });
  if (held.over) return;
  const recorded = await recordEnd(life, held, end);
  if (held.over) return;
  life.letGo(held.attempt.id, recorded === 'applied' ? 'done' : 'not_ours');
  if (recorded === 'stale') return;
  const clean = (): void => cleanUp(life, held, seen);
  if (isMoreThanKept(log)) life.deps.clock.setTimer(readersMs, clean);
  else clean();
};
