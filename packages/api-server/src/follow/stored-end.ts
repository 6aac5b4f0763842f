import type { LogTail } from '@job-orchestrator/types';
import type { LogItem, LogItems } from './log-items.ts';

type Told = Generator<LogItem, void, undefined>;

/** Fewer bytes than these may stand in a log twice by chance. */
const leastCompared = 64;

const startOf = (stored: LogTail): number => stored.totalBytes - stored.bytes.length;

/** The bytes before a place in `bytes` are the last ones that were told, as far as both reach; null: nothing to compare. */
const agrees = (last: Uint8Array, bytes: Uint8Array, place: number): boolean | null => {
  const length = Math.min(last.length, place);
  if (length === 0) return null;
  return Buffer.compare(last.subarray(last.length - length), bytes.subarray(place - length, place)) === 0;
};

/** The place behind the last bytes told, where they stand once only; null: nobody can say. */
const placeBehind = (last: Uint8Array, bytes: Uint8Array): number | null => {
  if (last.length < leastCompared) return null;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = text.indexOf(last);
  return found < 0 || text.lastIndexOf(last) !== found ? null : found + last.length;
};

/**
 * Where in a stored end a reader goes on; null: nobody can say, or there is a hole between. What a runtime counted may be
 * less than the log had (its beginning was rotated away, a long log is not counted to its end), so what was told last is
 * compared. Whoever was told all was told that much at least.
 */
export const joinAt = ({ taken, last }: LogItems, stored: LogTail): number | null => {
  const { bytes, extent, totalBytes } = stored;
  const place = taken - startOf(stored);
  if (place >= 0 && place <= bytes.length && (agrees(last, bytes, place) ?? extent === 'exact')) return place;
  if (taken >= totalBytes && agrees(last, bytes, bytes.length) === true) return bytes.length;
  return placeBehind(last, bytes);
};

function* tellHole(items: LogItems, stored: LogTail): Told {
  const start = startOf(stored);
  if (stored.extent === 'end_missing' || start <= items.taken) yield* items.lost(null);
  else yield* items.skipTo(start, stored.extent);
}

/** What a reader has not yet of a stored end, and each hole before and behind it. */
export function* tellEndOf(items: LogItems, stored: LogTail): Told {
  const place = joinAt(items, stored);
  if (place === null) yield* tellHole(items, stored);
  yield* items.text(stored.bytes.subarray(place ?? 0));
  if (stored.extent === 'end_missing' && stored.bytes.length > 0) yield* items.lost(null);
}

/** The last `most` bytes of a log for a reader that begins there; it is told of what is not there, not of what it left out. */
export function* tellTail(items: LogItems, tail: LogTail, most: number): Told {
  const { bytes, extent, totalBytes } = tail;
  yield* items.skipTo(Math.max(0, totalBytes - most), 'silent');
  if (startOf(tail) > items.taken)
    yield* items.skipTo(startOf(tail), extent === 'exact' ? extent : 'at_least');
  yield* items.text(bytes.subarray(items.taken - startOf(tail)));
  if (extent === 'end_missing') yield* items.lost(null);
}
