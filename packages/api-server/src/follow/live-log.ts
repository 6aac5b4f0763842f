import type {
  AttemptRecord,
  AttemptRef,
  LogContainer,
  LogExtent,
  LogPlace,
  LogTail,
} from '@job-orchestrator/types';
import type { ApiContext } from '../context.ts';

export type LogContext = Pick<ApiContext, 'database' | 'installation' | 'logs' | 'log' | 'wakes' | 'timings'>;

/** Whose log: a container of an attempt; and for a reader that opens it again, where it was. */
export interface LogTarget {
  readonly attempt: AttemptRecord;
  readonly container: LogContainer;
  readonly place?: LogPlace;
}

/** The name of an attempt to its runtime. */
const toRef = (context: LogContext, attempt: AttemptRecord): AttemptRef => ({
  installation: context.installation,
  jobId: attempt.jobId,
  attemptNumber: attempt.number,
  attemptId: attempt.id,
  object: attempt.object,
});

/** A piece of a live log, or a hole in it where the runtime rotated bytes away; null: nobody knows how many. */
export type LivePiece = Uint8Array | { readonly lost: number | null };

/** What the runtime told of holes, put between its pieces where they belong. */
async function* withHoles(
  source: AsyncIterable<Uint8Array>,
  holes: (number | null)[],
): AsyncGenerator<LivePiece, void, undefined> {
  const told = () => holes.splice(0).map((lost) => ({ lost }));
  for await (const bytes of source) {
    yield* told();
    yield bytes;
  }
  yield* told();
}

const open = async (
  context: LogContext,
  { attempt, ...where }: LogTarget,
  fromByte: number,
  follow: boolean,
  signal: AbortSignal,
): Promise<AsyncIterable<LivePiece> | null> => {
  if (context.logs === null) return null;
  const holes: (number | null)[] = [];
  const onSkip = (bytes: number | null): void => void holes.push(bytes);
  try {
    const request = { ...where, follow, fromByte, signal, onSkip };
    const source = await context.logs.open(toRef(context, attempt), request);
    return source === null ? null : withHoles(source, holes);
  } catch (error) {
    context.log.debug({ attemptId: attempt.id, err: error }, 'the live log cannot be read now');
    return null;
  }
};

/** All that the runtime has of a log from a byte on; null when it has none (yet, or any more). */
export const openSnapshot = (
  context: LogContext,
  target: LogTarget,
  fromByte: number,
  signal: AbortSignal,
): Promise<AsyncIterable<LivePiece> | null> => open(context, target, fromByte, false, signal);

/** The last bytes of a source, however long it is, with at most twice `most` of them in memory. Lost ones count as well. */
export const lastBytes = async (source: AsyncIterable<LivePiece>, most: number): Promise<LogTail> => {
  let kept: Buffer = Buffer.alloc(0);
  let totalBytes = 0;
  let extent: LogExtent = 'exact';
  for await (const bytes of source) {
    totalBytes += 'lost' in bytes ? (bytes.lost ?? 0) : bytes.length;
    if ('lost' in bytes && bytes.lost === null) extent = 'at_least';
    if ('lost' in bytes) continue;
    kept = Buffer.concat([kept, bytes.subarray(Math.max(0, bytes.length - most))]);
    if (kept.length > most) kept = Buffer.from(kept.subarray(kept.length - most));
  }
  return { bytes: kept, totalBytes, extent };
};

type Turn =
  { readonly kind: 'bytes'; readonly result: IteratorResult<LivePiece> } | { readonly kind: 'rested' };

/**
 * The pieces of a source until its end, or until `isOver` is true and the source then stays silent for one more rest:
 * a stream whose other end vanished without a word must not hold its reader for good.
 */
async function* untilOver(
  source: AsyncIterable<LivePiece>,
  rest: () => Promise<void>,
  isOver: () => Promise<boolean>,
): AsyncGenerator<LivePiece, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const read = (): Promise<Turn> => iterator.next().then((result) => ({ kind: 'bytes', result }) as const);
  const pause = (): Promise<Turn> => rest().then(() => ({ kind: 'rested' }) as const);
  let [next, resting] = [read(), pause()];
  let over = false;
  try {
    for (;;) {
      const turn = await Promise.race([next, resting]);
      if (turn.kind === 'bytes') {
        if (turn.result.done === true) return;
        yield turn.result.value;
        next = read();
      } else {
        if (over) return;
        over = await isOver();
        resting = pause();
      }
    }
  } finally {
    // Not awaited: a source that is silent for good would never answer; its signal ends it.
    iterator.return?.().catch(() => undefined);
  }
}

/**
 * Follows what the runtime shows of a running attempt's log. Ends when the log ends, when it cannot be read (now), or
 * when the attempt is over and nothing more comes.
 */
export async function* followLive(
  context: LogContext,
  target: LogTarget,
  fromByte: number,
  isOver: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<LivePiece, void, undefined> {
  const left = new AbortController();
  const either = AbortSignal.any([signal, left.signal]);
  const range = { leastMs: context.timings.pollMs, mostMs: context.timings.pollMs };
  try {
    const source = await open(context, target, fromByte, true, either);
    if (source !== null) yield* untilOver(source, () => context.wakes.wait(range, either), isOver);
  } catch (error) {
    if (!signal.aborted)
      context.log.debug({ attemptId: target.attempt.id, err: error }, 'the live log broke off');
  } finally {
    left.abort();
  }
}
