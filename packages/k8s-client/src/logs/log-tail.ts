import type { Clock, LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { openLog, type LogQuery } from './read-log.ts';

/** How to read one pod's log. */
interface Source {
  readonly api: ApiClient;
  readonly paths: Paths;
  readonly clock: Clock;
  readonly pod: string;
}

/** `ended`: it was read to its end; `broken`: not, in time or at all. */
type Look = { readonly kind: 'none' } | { readonly kind: 'ended' | 'broken'; readonly tail: ByteTail };

/**
 * The kubelet finds these quickly, from the end. Runtimes write lines of 16 KiB at most, so that the fewer lines that are
 * asked for after a break have 3.2 MiB at most. Never `limitBytes` with it: that counts from the start of what is sent, and
 * would take the very end away.
 */
const tailLines = 2_000;
const fewerLines = 200;
/** A look that takes longer is broken off; two of them, or one and the count, end before the executor gives up. */
const lookMs = 2_400;
/** Up to here a longer log is read whole, which is the only way to learn what it had at least. */
const countedBytes = 4_194_304;

const look = async ({ api, paths, clock, pod }: Source, maxBytes: number, given: LogQuery): Promise<Look> => {
  const late = new AbortController();
  const callOff = clock.setTimer(lookMs, () => late.abort());
  const tail = createByteTail(maxBytes);
  try {
    const opened = await openLog(api, paths, pod, { ...given, signal: late.signal });
    if (opened.kind === 'not_found' || opened.kind === 'refused') return { kind: 'none' };
    if (opened.kind !== 'ok') return { kind: 'broken', tail };
    for await (const chunk of opened.body) tail.add(chunk as Uint8Array);
    return { kind: 'ended', tail };
  } catch {
    return { kind: 'broken', tail };
  } finally {
    callOff();
  }
};

/** Reads a log from its first byte for its length; what was read when the time was over counts. */
const countBytes = async (source: Source): Promise<number> => {
  const counted = await look(source, 0, { limitBytes: countedBytes });
  return counted.kind === 'none' ? 0 : counted.tail.total();
};

/** A log that has more than is kept may have been rotated, which Kubernetes does not tell: its length is never exact. */
export const toLogTail = (tail: ByteTail, counted: number): LogTail => {
  const [bytes, totalBytes] = [tail.bytes(), Math.max(counted, tail.total())];
  return { bytes, totalBytes, extent: totalBytes > bytes.length ? 'at_least' : 'exact' };
};

/**
 * The last bytes of a pod's log; null when there is none. Of a log above 2,000 lines the last of them are read, and it is
 * counted up to 4 MiB. Where a stream breaks fewer lines are read; where that breaks too the end is missing.
 */
export const readLogTail = async (source: Source, maxBytes: number): Promise<LogTail | null> => {
  const first = await look(source, maxBytes, { tailLines });
  if (first.kind === 'none') return null;
  if (first.kind === 'ended')
    return toLogTail(first.tail, first.tail.lines() < tailLines ? 0 : await countBytes(source));
  const second = await look(source, maxBytes, { tailLines: fewerLines });
  if (second.kind !== 'ended') return { ...toLogTail(first.tail, 0), extent: 'end_missing' };
  const end = toLogTail(second.tail, first.tail.total());
  return second.tail.lines() < fewerLines ? end : { ...end, extent: 'at_least' };
};
