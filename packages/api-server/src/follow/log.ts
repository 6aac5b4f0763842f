import {
  isClosedAttemptState,
  isTerminalJobState,
  type AttemptRecord,
  type JobId,
  type LogContainer,
  type LogTail,
} from '@job-orchestrator/types';
import { followLive, lastBytes, openSnapshot, type LivePiece, type LogContext } from './live-log.ts';
import { createLogItems, type LogItem, type LogItems, type LogPosition } from './log-items.ts';
import { createPace } from './pace.ts';
import { joinAt, tellEndOf, tellTail } from './stored-end.ts';

/** What to follow: an attempt or all from the newest on, from its first byte, its last `tail` bytes, or a position. */
export interface LogFollow {
  readonly context: LogContext;
  readonly job: JobId;
  readonly container: LogContainer;
  readonly attempt: number | null;
  readonly tail: number | null;
  readonly from: LogPosition | null;
  readonly signal: AbortSignal;
}

type Items<Result = void> = AsyncGenerator<LogItem, Result, undefined>;

/** The job's end is read before its attempts: once it is true, the attempts read after it are complete. */
const readStanding = async (
  follow: LogFollow,
): Promise<{ readonly ended: boolean; readonly attempts: readonly AttemptRecord[] }> => {
  const record = await follow.context.database.history.getJob(follow.job);
  const attempts = await follow.context.database.history.listAttempts(follow.job);
  return { ended: record === null || isTerminalJobState(record.state), attempts };
};

const readAttempt = async (follow: LogFollow, number: number): Promise<AttemptRecord | null> => {
  const attempts = await follow.context.database.history.listAttempts(follow.job);
  return attempts.find((attempt) => attempt.number === number) ?? null;
};

const tellPiece = (items: LogItems, piece: LivePiece): Generator<LogItem, void, undefined> =>
  'lost' in piece ? items.lost(piece.lost) : items.text(piece);

/** A tail is asked for once: where the reader begins, not where it goes on. */
const wantedTail = (follow: LogFollow, items: LogItems): number | null =>
  follow.from === null && items.taken === 0 ? follow.tail : null;

/** Only the program's log is stored. */
const readStored = async ({ context, job, container }: LogFollow, attempt: AttemptRecord) =>
  container === 'main' ? context.database.history.getLogTail(job, attempt.id) : null;

/** What the runtime of a closed attempt still has, if anything; false when that is not all. */
async function* tellRest(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items<boolean> {
  const { context, container, signal } = follow;
  const target = { attempt, container, place: items.place };
  const rest = await openSnapshot(context, target, items.taken, signal);
  if (rest === null) return false;
  try {
    for await (const piece of rest) yield* tellPiece(items, piece);
    return true;
  } catch (error) {
    if (!signal.aborted) context.log.debug({ attemptId: attempt.id, err: error }, 'the live log broke off');
    return false;
  }
}

/** The end of what there is already, for a reader that asked for no more. */
async function* tellNewest(follow: LogFollow, attempt: AttemptRecord, items: LogItems, most: number): Items {
  const { context, container, signal } = follow;
  const source = await openSnapshot(context, { attempt, container }, 0, signal);
  if (source !== null) yield* tellTail(items, await lastBytes(source, most), most);
}

/** Nothing is stored that says what the end was. */
const endUnknown = (stored: LogTail | null): boolean => stored === null || stored.extent === 'end_missing';

/** A stream may be cut off with its pod and look whole: without a stored end to compare, another look must find nothing. */
async function* tellAllOfRest(
  follow: LogFollow,
  attempt: AttemptRecord,
  items: LogItems,
  stored: LogTail | null,
): Items<boolean> {
  if (!(yield* tellRest(follow, attempt, items))) return false;
  return endUnknown(stored) ? yield* tellRest(follow, attempt, items) : true;
}

/** What a closed attempt left: what its runtime still has before the stored end, and that. */
async function* tellStored(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items {
  const stored = await readStored(follow, attempt);
  const apart = stored === null || endUnknown(stored) || joinAt(items, stored) === null;
  const whole = apart && (yield* tellAllOfRest(follow, attempt, items, stored));
  if (stored !== null && !(whole && endUnknown(stored))) yield* tellEndOf(items, stored);
  if (stored === null && !whole && items.taken > 0) yield* items.lost(null);
}

/** The end of a closed attempt's log, for a reader that asked for no more. */
async function* tellStoredTail(
  follow: LogFollow,
  attempt: AttemptRecord,
  items: LogItems,
  most: number,
): Items {
  const stored = await readStored(follow, attempt);
  if (endUnknown(stored)) yield* tellNewest(follow, attempt, items, most);
  if (stored !== null && items.taken === 0) yield* tellTail(items, stored, most);
}

async function* tellClosed(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items {
  const most = wantedTail(follow, items);
  yield* most === null ? tellStored(follow, attempt, items) : tellStoredTail(follow, attempt, items, most);
  yield* items.flush();
}

async function* tellLive(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items {
  const { context, container, signal } = follow;
  const tail = wantedTail(follow, items);
  if (tail !== null) {
    yield* tellNewest(follow, attempt, items, tail);
    items.place.position = items.taken;
  }
  const isOver = async (): Promise<boolean> => {
    const now = await readAttempt(follow, attempt.number);
    return now === null || isClosedAttemptState(now.state);
  };
  const target = { attempt, container, place: items.place };
  for await (const piece of followLive(context, target, items.taken, isOver, signal))
    yield* tellPiece(items, piece);
}

/** Tells one attempt's log to its end, waiting for its start; null when the job ended without it. */
async function* followAttempt(follow: LogFollow, number: number): Items<AttemptRecord | null> {
  const { context, from, signal } = follow;
  const resumed = from?.attempt === number;
  const items = createLogItems(number, resumed ? from.offset : 0);
  const pace = createPace(context.wakes, context.timings, signal);
  let announced = resumed;
  while (!signal.aborted) {
    const { ended, attempts } = await readStanding(follow);
    const attempt = attempts.find((candidate) => candidate.number === number);
    if (attempt === undefined && ended) return null;
    if (attempt !== undefined) {
      if (!announced) yield { kind: 'attempt', position: { attempt: number, offset: 0 } };
      announced = true;
      if (isClosedAttemptState(attempt.state)) {
        yield* tellClosed(follow, attempt, items);
        return attempt;
      }
      const before = items.taken;
      yield* tellLive(follow, attempt, items);
      if (items.taken > before) pace.reset();
    }
    await pace.rest();
  }
  return null;
}

/** The number of the next attempt after a retry; null when the job ends without one. */
const nextAttempt = async (follow: LogFollow, after: number): Promise<number | null> => {
  const pace = createPace(follow.context.wakes, follow.context.timings, follow.signal);
  while (!follow.signal.aborted) {
    const { ended, attempts } = await readStanding(follow);
    const next = attempts.find((attempt) => attempt.number > after);
    if (next !== undefined) return next.number;
    if (ended) return null;
    await pace.rest();
  }
  return null;
};

const tellEnd = async (follow: LogFollow, last: AttemptRecord | null): Promise<LogItem | null> => {
  const record = await follow.context.database.history.getJob(follow.job);
  if (record === null) return null;
  return {
    kind: 'end',
    state: record.state,
    attempt: last?.number ?? 0,
    attemptState: last?.state ?? null,
    exitCode: last?.exitCode ?? null,
  };
};

/**
 * Follows a job's log: waits for its start, tells each byte once and whole code points only, goes on with the next
 * attempt after a retry unless one attempt was chosen, and says the end.
 */
export async function* followLog(follow: LogFollow): Items {
  const record = await follow.context.database.history.getJob(follow.job);
  let number = follow.from?.attempt ?? follow.attempt ?? Math.max(1, record?.attempt ?? 1);
  let last: AttemptRecord | null = null;
  let following = follow;
  for (;;) {
    last = (yield* followAttempt(following, number)) ?? last;
    if (follow.signal.aborted) return;
    const next = follow.attempt === null ? await nextAttempt(follow, number) : null;
    if (follow.signal.aborted) return;
    if (next === null) break;
    number = next;
    following = { ...follow, from: null, tail: null };
  }
  const end = await tellEnd(follow, last);
  if (end !== null) yield end;
}
