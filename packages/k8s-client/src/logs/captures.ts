import { setMaxListeners } from 'node:events';
import { limits, type AttemptId, type AttemptRef, type Clock, type LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { pause } from '../system-clock.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { toLogTail } from './log-tail.ts';
import { openLog } from './read-log.ts';

/** Follows the logs of attempts that are being stopped, for Kubernetes removes them together with the pod. */
export interface LogCaptures {
  /** Begins once per attempt; resolves when the log is open, so that nothing is missed, or after 2 s. */
  begin(ref: AttemptRef): Promise<void>;
  get(attempt: AttemptId): LogTail | null;
  forget(attempt: AttemptId): void;
  close(): void;
}

interface Capture {
  readonly tail: ByteTail;
  ended: boolean;
}

// 64 KiB each, so 64 MiB at the very most; the oldest goes first.
const mostCaptures = 1_000;
// Each open one is a connection, and a stream through the API server from a kubelet. In a mass cancel the others fall back
// to the 2 KiB that the kubelet keeps of a failed program's log in the pod's status.
const mostOpen = 64;
// A kubelet that does not answer must not hold the stop back.
const longestOpeningMs = 2_000;

/** `findPod`: the name of an attempt's pod, null when it has none. */
export const createLogCaptures = (
  api: ApiClient,
  paths: Paths,
  clock: Clock,
  findPod: (ref: AttemptRef) => Promise<string | null>,
): LogCaptures => {
  const abort = new AbortController();
  // Every open one listens, and Node would warn of a leak from the eleventh on.
  setMaxListeners(0, abort.signal);
  const captures = new Map<AttemptId, Capture>();
  let open = 0;

  const follow = async (ref: AttemptRef, capture: Capture, onOpen: () => void): Promise<void> => {
    const pod = await findPod(ref);
    if (pod === null) return;
    const opened = await openLog(api, paths, pod, { follow: true, signal: abort.signal });
    if (opened.kind !== 'ok') return;
    onOpen();
    for await (const chunk of opened.body) capture.tail.add(chunk as Uint8Array);
    capture.ended = true;
  };
  // Goes on beyond the call that began it; a break leaves what was read.
  const start = (ref: AttemptRef, capture: Capture): Promise<void> =>
    new Promise((resolve) => {
      open += 1;
      follow(ref, capture, resolve)
        .catch(() => undefined)
        .finally(() => {
          open -= 1;
          resolve();
        });
    });
  return {
    begin: async (ref) => {
      if (captures.has(ref.attemptId) || open >= mostOpen) return;
      const capture: Capture = { tail: createByteTail(limits.logTailBytes), ended: false };
      captures.set(ref.attemptId, capture);
      const [oldest] = captures.keys();
      if (captures.size > mostCaptures && oldest !== undefined) captures.delete(oldest);
      await Promise.race([start(ref, capture), pause(clock, longestOpeningMs, abort.signal)]);
    },
    get: (attempt) => {
      const { tail, ended } = captures.get(attempt) ?? { tail: null, ended: false };
      if (tail === null || tail.total() === 0) return null;
      const known = toLogTail(tail, 0);
      return ended ? known : { ...known, extent: 'end_missing' };
    },
    forget: (attempt) => void captures.delete(attempt),
    close: () => abort.abort(),
  };
};
