import type { Clock, LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { openLog, type LogQuery } from './read-log.ts';

/** The kubelet finds these quickly, from the end. A log that has fewer is known whole. */
const tailLines = 2_000;
/**
 * Up to here a longer log is read whole, which is the only way to learn its length: Kubernetes counts `limitBytes` from the
 * start of what it sends. The kubelet rotates at 10 MiB by default.
 */
const wholeBytes = 4_194_304;
/** Its length is worth no more time than this: the end is what people read, and a job waits for it. */
const countingMs = 2_000;

const readTail = async (
  api: ApiClient,
  paths: Paths,
  pod: string,
  maxBytes: number,
  given: LogQuery,
): Promise<ByteTail | null> => {
  const opened = await openLog(api, paths, pod, given);
  if (opened.kind !== 'ok') return null;
  const tail = createByteTail(maxBytes);
  try {
    for await (const chunk of opened.body) tail.add(chunk as Uint8Array);
  } catch {
    // What came before the break is better than nothing, and the end of a log is not worth a second attempt's delay.
  }
  return tail;
};

/** Reads a log from its first byte for its length; what was read when the time was over counts. */
const countBytes = async (api: ApiClient, paths: Paths, pod: string, clock: Clock): Promise<number> => {
  const late = new AbortController();
  const callOff = clock.setTimer(countingMs, () => late.abort());
  const counted = await readTail(api, paths, pod, 0, { limitBytes: wholeBytes, signal: late.signal });
  callOff();
  return counted?.total() ?? 0;
};

/**
 * The last bytes of a pod's log; null when there is none. Of a log above 2,000 lines the last of them are read (at most
 * 4 MiB), and `totalBytes` is exact where the whole has less than 4 MiB and could be counted in 2 s; else the least it had.
 */
export const readLogTail = async (
  api: ApiClient,
  paths: Paths,
  clock: Clock,
  pod: string,
  maxBytes: number,
): Promise<LogTail | null> => {
  const end = await readTail(api, paths, pod, maxBytes, { tailLines, limitBytes: wholeBytes });
  if (end === null) return null;
  const whole = end.lines() < tailLines ? 0 : await countBytes(api, paths, pod, clock);
  return { bytes: end.bytes(), totalBytes: Math.max(whole, end.total()) };
};
