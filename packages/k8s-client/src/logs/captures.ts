import { limits, type AttemptId, type AttemptRef, type LogTail } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import { createByteTail, type ByteTail } from './byte-tail.ts';
import { openLog } from './read-log.ts';

/** Follows the logs of attempts that are being stopped, for Kubernetes removes them together with the pod. */
export interface LogCaptures {
  /** Begins once per attempt; resolves when the log is open (or there is none), so that nothing is missed. */
  begin(ref: AttemptRef): Promise<void>;
  get(attempt: AttemptId): LogTail | null;
  forget(attempt: AttemptId): void;
  close(): void;
}

// 64 KiB each, so 64 MiB at the very most; the oldest goes first.
const mostCaptures = 1_000;

/** `findPod`: the name of an attempt's pod, null when it has none. */
export const createLogCaptures = (
  api: ApiClient,
  paths: Paths,
  findPod: (ref: AttemptRef) => Promise<string | null>,
): LogCaptures => {
  const abort = new AbortController();
  const captures = new Map<AttemptId, ByteTail>();

  const follow = async (ref: AttemptRef, tail: ByteTail): Promise<void> => {
    const pod = await findPod(ref);
    if (pod === null) return;
    const opened = await openLog(api, paths, pod, { follow: true, signal: abort.signal });
    if (opened.kind !== 'ok') return;
    const read = async (): Promise<void> => {
      for await (const chunk of opened.body) tail.add(chunk as Uint8Array);
    };
    // Goes on beyond this call; a break leaves what was read.
    read().catch(() => undefined);
  };
  return {
    begin: async (ref) => {
      if (captures.has(ref.attemptId)) return;
      const tail = createByteTail(limits.logTailBytes);
      captures.set(ref.attemptId, tail);
      const [oldest] = captures.keys();
      if (captures.size > mostCaptures && oldest !== undefined) captures.delete(oldest);
      await follow(ref, tail);
    },
    get: (attempt) => {
      const tail = captures.get(attempt);
      return tail === undefined || tail.total() === 0
        ? null
        : { bytes: tail.bytes(), totalBytes: tail.total() };
    },
    forget: (attempt) => void captures.delete(attempt),
    close: () => abort.abort(),
  };
};
