import type { LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { openLog, type LogQuery } from './read-log.ts';

/**
 * Up to here a log is read whole, which is the only way to learn its length: Kubernetes counts `limitBytes` from the
 * start of what it sends. The kubelet rotates at 10 MiB by default.
 */
const wholeBytes = 4_194_304;
const tailLines = 2_000;

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

/**
 * The last bytes of a pod's log; null when there is none. Of a log above 4 MiB the last 2,000 lines are read (at most
 * 4 MiB of them), and `totalBytes` is the least that it had.
 */
export const readLogTail = async (
  api: ApiClient,
  paths: Paths,
  pod: string,
  maxBytes: number,
): Promise<LogTail | null> => {
  const whole = await readTail(api, paths, pod, maxBytes, { limitBytes: wholeBytes });
  if (whole === null) return null;
  if (whole.total() < wholeBytes) return { bytes: whole.bytes(), totalBytes: whole.total() };
  const end = await readTail(api, paths, pod, maxBytes, { tailLines, limitBytes: wholeBytes });
  return { bytes: (end ?? whole).bytes(), totalBytes: Math.max(whole.total(), end?.total() ?? 0) };
};
