import type { Readable } from 'node:stream';
import type { Clock, LogRequest } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { jitteredDelayMs } from '../http/backoff.ts';
import type { Paths } from '../http/paths.ts';
import { pause } from '../system-clock.ts';
import { mainContainer } from '../manifest.ts';
import { openLog } from './read-log.ts';

const mostReconnects = 8;
const backoff = { baseMs: 200, capMs: 5_000 };

/** So many bytes of a log's beginning are remembered, to tell whether a stream that was opened again is of the same file. */
const headBytes = 256;

/** How far a reader has come in the file that Kubernetes sends, always from its first byte. */
interface Place {
  /** Bytes that the reader has. */
  position: number;
  head: Uint8Array;
}

const isAnotherFile = ({ head }: Place, start: Uint8Array): boolean => {
  const compared = Math.min(head.length, start.length);
  return Buffer.compare(head.subarray(0, compared), start.subarray(0, compared)) !== 0;
};

/**
 * What the reader has not yet of a stream. The kubelet sends its newest file only: one that begins otherwise than before was
 * rotated meanwhile, and is told from its beginning; one that ends before the reader's place was rotated long before.
 */
async function* after(
  stream: Readable,
  place: Place,
  onSkip: LogRequest['onSkip'],
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Uint8Array;
    if (at === 0 && isAnotherFile(place, bytes)) {
      Object.assign(place, { position: 0, head: new Uint8Array(0) });
      onSkip?.(null);
    }
    if (at === place.head.length && at < headBytes)
      place.head = Buffer.concat([place.head, bytes.subarray(0, headBytes - at)]);
    const known = Math.max(0, Math.min(bytes.length, place.position - at));
    at += bytes.length;
    place.position = Math.max(place.position, at);
    if (known < bytes.length) yield known === 0 ? bytes : bytes.subarray(known);
  }
  if (at < place.position) onSkip?.(null);
}

/**
 * A pod's log from a byte on; null when there is none. A broken stream is opened again where it broke, and throws where that
 * cannot be done. Where the kubelet rotated the log meanwhile, Kubernetes only has its newest file: bytes may be missing, and
 * `onSkip` is told.
 */
export const followLog = async (
  api: ApiClient,
  paths: Paths,
  clock: Clock,
  pod: string,
  request: LogRequest,
): Promise<AsyncIterable<Uint8Array> | null> => {
  const { container = mainContainer, follow, signal } = request;
  const open = () => openLog(api, paths, pod, { container, follow, signal });
  const first = await open();
  if (first.kind !== 'ok') return null;

  async function* read(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
    let current: Readable | null = stream;
    const place: Place = { position: request.fromByte, head: new Uint8Array(0) };
    for (let reconnects = 0; !request.signal.aborted; reconnects += 1) {
      try {
        for await (const bytes of current === null ? [] : after(current, place, request.onSkip)) {
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
      if (again.kind === 'not_found') throw new Error(`the pod of a log that broke off is gone: ${pod}`);
      if (again.kind !== 'ok' && reconnects >= mostReconnects) throw new Error(again.message);
      current = again.kind === 'ok' ? again.body : null;
    }
  }
  return read(first.body);
};
