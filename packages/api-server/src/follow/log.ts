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

function* tellTail(items: LogItems, tail: LogTail, most: number | null): Generator<LogItem, void, undefined> {
  const start = tail.totalBytes - tail.bytes.length;
  const wanted = most === null ? 0 : Math.max(0, tail.totalBytes - most);
  if (wanted > items.taken) yield* items.skipTo(wanted, true);
  if (start > items.taken) yield* items.skipTo(start, false);
  yield* items.text(tail.bytes.subarray(items.taken - start));
}

/** Where both end alike all was told, whatever their lengths say. */
const endsAlike = (items: LogItems, stored: LogTail): boolean =>
  items.last.length > 0 && Buffer.compare(stored.bytes.subarray(-items.last.length), items.last) === 0;

/**
 * What a runtime told may be shorter than the log had (its beginning was rotated away) or longer than is known (Kubernetes
 * counts no length, and a long log is not counted to its end): lengths then do not say where the stored end belongs.
 */
function* tellEndOf(
  items: LogItems,
  stored: LogTail,
  most: number | null,
): Generator<LogItem, void, undefined> {
  if (items.taken !== stored.totalBytes && endsAlike(items, stored)) return;
  if (items.taken <= stored.totalBytes) return yield* tellTail(items, stored, most);
  yield* items.lost(null);
  yield* items.text(stored.bytes);
}

const tellPiece = (items: LogItems, piece: LivePiece): Generator<LogItem, void, undefined> =>
  'lost' in piece ? items.lost(piece.lost) : items.text(piece);

/** A tail is asked for once: where the reader begins, not where it goes on. */
const wantedTail = (follow: LogFollow, items: LogItems): number | null =>
  follow.from === null && items.taken === 0 ? follow.tail : null;

/** Only the program's log is stored. */
const readStored = async ({ context, job, container }: LogFollow, attempt: AttemptRecord) =>
  container === 'main' ? context.database.history.getLogTail(job, attempt.id) : null;

/** What is stored does not go on where we are: an object that stays for its readers has what lies between. */
const isApart = (items: LogItems, stored: LogTail): boolean =>
  stored.totalBytes - stored.bytes.length > items.taken ||
  (items.taken > stored.totalBytes && !endsAlike(items, stored));

/** What the runtime of a closed attempt still has, if anything; false when that is not all. */
async function* tellRest(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items<boolean> {
  const { context, container, signal } = follow;
  const rest = await openSnapshot(context, { attempt, container }, items.taken, signal);
  if (rest === null) return false;
  try {
    for await (const piece of rest) yield* tellPiece(items, piece);
    return true;
  } catch (error) {
    if (!signal.aborted) context.log.debug({ attemptId: attempt.id, err: error }, 'the live log broke off');
    return false;
  }
}

/** What a closed attempt left: the stored tail, or what its runtime still has. */
async function* tellStored(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items {
  const tail = wantedTail(follow, items);
  const stored = await readStored(follow, attempt);
  if (stored === null || (tail === null && isApart(items, stored))) {
    const whole = yield* tellRest(follow, attempt, items);
    // Its stream may have been cut off with its pod, and nothing is stored to tell by.
    if (!whole && stored === null && items.taken > 0) yield* items.lost(null);
  }
  if (stored !== null) yield* tellEndOf(items, stored, tail);
  yield* items.flush();
}

/** The end of what there is already, for a reader that asked for no more. */
async function* tellNewest(follow: LogFollow, attempt: AttemptRecord, items: LogItems, most: number): Items {
  const { context, container, signal } = follow;
  const source = await openSnapshot(context, { attempt, container }, 0, signal);
  if (source !== null) yield* tellTail(items, await lastBytes(source, most), most);
}

async function* tellLive(follow: LogFollow, attempt: AttemptRecord, items: LogItems): Items {
  const { context, container, signal } = follow;
  const tail = wantedTail(follow, items);
  if (tail !== null) yield* tellNewest(follow, attempt, items, tail);
  const isOver = async (): Promise<boolean> => {
    const now = await readAttempt(follow, attempt.number);
    return now === null || isClosedAttemptState(now.state);
  };
  const target = { attempt, container };
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
        yield* tellStored(follow, attempt, items);
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
