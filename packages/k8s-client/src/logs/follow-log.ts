import type { Readable } from 'node:stream';
import type { Clock, LogRequest } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { jitteredDelayMs } from '../http/backoff.ts';
import type { Paths } from '../http/paths.ts';
import { pause } from '../system-clock.ts';
import { openLog } from './read-log.ts';

const mostReconnects = 8;
const backoff = { baseMs: 200, capMs: 5_000 };

/** Leaves out the first `skip` bytes of a stream. */
async function* after(stream: Readable, skip: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = skip;
  for await (const chunk of stream) {
    const bytes = chunk as Uint8Array;
    if (bytes.length > left) yield left === 0 ? bytes : bytes.subarray(left);
    left = Math.max(0, left - bytes.length);
  }
}

/**
 * A pod's log from a byte on; null when there is none. A broken stream is opened again where it broke. Where the kubelet
 * rotated the log meanwhile, Kubernetes only has its newest file, and bytes may be missing.
 */
export const followLog = async (
  api: ApiClient,
  paths: Paths,
  clock: Clock,
  pod: string,
  request: LogRequest,
): Promise<AsyncIterable<Uint8Array> | null> => {
  const open = () => openLog(api, paths, pod, { follow: request.follow, signal: request.signal });
  const first = await open();
  if (first.kind !== 'ok') return null;

  async function* read(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
    let [current, position]: [Readable | null, number] = [stream, request.fromByte];
    for (let reconnects = 0; !request.signal.aborted; reconnects += 1) {
      try {
        for await (const bytes of current === null ? [] : after(current, position)) {
          position += bytes.length;
          reconnects = 0;
          yield bytes;
        }
        if (current !== null) return;
      } catch (error) {
        if (request.signal.aborted) return;
        if (reconnects >= mostReconnects) throw error;
      }
      await pause(clock, jitteredDelayMs(backoff, reconnects, Math.random), request.signal);
      const again = await open();
      if (again.kind === 'not_found' || reconnects >= mostReconnects) return;
      current = again.kind === 'ok' ? again.body : null;
    }
  }
  return read(first.body);
};
