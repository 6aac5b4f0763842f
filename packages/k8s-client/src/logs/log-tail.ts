import { unreadLog, type Clock, type LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { pause } from '../system-clock.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { openLog, wordsOfRefusal, type LogQuery } from './read-log.ts';

/** How to read one pod's log. */
interface Source {
  readonly api: ApiClient;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly pod: string;
}

/**
 * `refused`: we have no right to it; `fault`: Kubernetes answered that it cannot read it now; `ended`: it was read to its
 * end; `long`: it had more than it may; `broken`: not, in time or at all.
 */
type Look =
  | { readonly kind: 'none' }
  | { readonly kind: 'fault' }
  | { readonly kind: 'refused'; readonly words: Uint8Array }
  | { readonly kind: 'ended' | 'long' | 'broken'; readonly tail: ByteTail };

/**
 * The kubelet finds these quickly, from the end. Never `limitBytes` with it: that counts from the start of what is sent, and
 * would take the very end away.
 */
const tailLines = 2_000;
/** Where lines are long, or the stream broke: runtimes write lines of 16 KiB at most, so that these have 3.2 MiB at most. */
const fewerLines = 200;
const longBytes = 1_048_576;
/** The 64 KiB that are kept have no more lines than this. */
const shortLines = 65_536;
/** A kubelet of a busy node takes seconds. Two looks and the count end before the executor gives up. */
const lookMs = 8_000;
/** A kubelet that begins anew, or a tunnel to it, takes about this long; asked again at once it answers the same. */
const faultPauseMs = 1_000;
const countMs = 2_000;
/** Up to here a longer log is read whole, which is the only way to learn what it had at least. */
const countedBytes = 4_194_304;

interface Bounds {
  readonly ms: number;
  /** Of the tail that is kept. */
  readonly kept: number;
  /** A stream that has more is left. */
  readonly most?: number;
}

const look = async ({ api, paths, clock, pod }: Source, bounds: Bounds, given: LogQuery): Promise<Look> => {
  const left = new AbortController();
  const callOff = clock.setTimer(bounds.ms, () => left.abort());
  const tail = createByteTail(bounds.kept);
  try {
    const opened = await openLog(api, paths, pod, { ...given, signal: left.signal });
    const words = wordsOfRefusal(opened);
    if (words !== null) return { kind: 'refused', words };
    if (opened.kind === 'not_found' || opened.kind === 'refused') return { kind: 'none' };
    if (opened.kind !== 'ok') return opened.status === null ? { kind: 'broken', tail } : { kind: 'fault' };
    for await (const chunk of opened.body) {
      tail.add(chunk as Uint8Array);
      if (tail.total() > (bounds.most ?? Infinity)) return { kind: 'long', tail };
    }
    return { kind: 'ended', tail };
  } catch {
    return { kind: 'broken', tail };
  } finally {
    callOff();
  }
};

/** A log that has more than is kept may have been rotated, which Kubernetes does not tell: its length is never exact. */
export const toLogTail = (tail: ByteTail, counted: number): LogTail => {
  const [bytes, totalBytes] = [tail.bytes(), Math.max(counted, tail.total())];
  return { bytes, totalBytes, extent: totalBytes > bytes.length ? 'at_least' : 'exact' };
};

/** The last lines of a log of which more was seen before; a log of fewer lines is known whole. */
const readFewer = async (source: Source, kept: number, seen: ByteTail): Promise<LogTail> => {
  const fewer = await look(source, { ms: lookMs, kept }, { tailLines: fewerLines });
  if (fewer.kind !== 'ended') return { ...toLogTail(seen, 0), extent: 'end_missing' };
  const end = toLogTail(fewer.tail, seen.total());
  return fewer.tail.lines() < fewerLines ? end : { ...end, extent: 'at_least' };
};

/**
 * A log of more lines than were asked for: read from its first byte for its length, where what was read when the time was
 * over counts. Where that was not to its end, and the lines are short, more of them are asked for.
 */
const readMore = async (source: Source, kept: number, seen: ByteTail): Promise<LogTail> => {
  const counted = await look(source, { ms: countMs, kept }, { limitBytes: countedBytes });
  const total = 'tail' in counted ? counted.tail.total() : 0;
  if (counted.kind === 'ended' && total < countedBytes) return toLogTail(counted.tail, total);
  const bounds = { ms: lookMs, kept, most: countedBytes };
  const more = seen.total() < kept ? await look(source, bounds, { tailLines: shortLines }) : null;
  if (more?.kind === 'ended' && more.tail.lines() < shortLines) return toLogTail(more.tail, total);
  // However few bytes were counted before that stream broke: there are more lines.
  return { ...toLogTail(more?.kind === 'ended' ? more.tail : seen, total), extent: 'at_least' };
};

const conclude = async (
  source: Source,
  kept: number,
  seen: Exclude<Look, { kind: 'fault' }>,
): Promise<LogTail | null> => {
  if (seen.kind === 'none') return null;
  if (seen.kind === 'refused')
    return { bytes: seen.words, totalBytes: seen.words.length, extent: 'end_missing' };
  if (seen.kind !== 'ended') return readFewer(source, kept, seen.tail);
  return seen.tail.lines() < tailLines ? toLogTail(seen.tail, 0) : readMore(source, kept, seen.tail);
};

/**
 * The last bytes of a pod's log; null when there is none; why not, where we may not read it. Of a log above 2,000 lines the
 * last of them are read, or more where they are too short to fill what is kept, and it is counted up to 4 MiB. Where they
 * are long or their stream breaks, fewer are read; where that breaks too the end is missing, as it is where Kubernetes
 * answers twice, a second apart, that it cannot read it.
 */
export const readLogTail = async (source: Source, maxBytes: number): Promise<LogTail | null> => {
  const bounds = { ms: lookMs, kept: maxBytes, most: longBytes };
  const first = await look(source, bounds, { tailLines });
  if (first.kind !== 'fault') return conclude(source, maxBytes, first);
  await pause(source.clock, faultPauseMs);
  const second = await look(source, bounds, { tailLines });
  const isKnown = second.kind !== 'fault' && second.kind !== 'broken';
  return isKnown ? conclude(source, maxBytes, second) : unreadLog;
};
