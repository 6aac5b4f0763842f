import { Readable } from 'node:stream';
import type { Clock, LogPlace, LogRequest } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { jitteredDelayMs } from '../http/backoff.ts';
import type { Paths } from '../http/paths.ts';
import { pause } from '../system-clock.ts';
import { mainContainer } from '../manifest.ts';
import { openLog, readFileName, wordsOfRefusal } from './read-log.ts';

const mostReconnects = 8;
const backoff = { baseMs: 200, capMs: 5_000 };

/** A log of one container as one reader reads it. */
interface Reading {
  readonly request: LogRequest;
  readonly place: LogPlace;
  /** The name of the file that Kubernetes shows now; null: it cannot be said. */
  readonly fileNow: () => Promise<string | null>;
}

/** The kubelet shows its newest file only: another one than before is told from its beginning. */
const settle = async ({ place, fileNow, request }: Reading): Promise<void> => {
  const file = await fileNow();
  if (file !== null && place.file !== null && file !== place.file) {
    place.position = 0;
    request.onSkip?.(null);
  }
  place.file = file ?? place.file;
};

/** What the reader has not yet of a stream; one that ends before the reader's place was rotated before it was opened. */
async function* after(
  stream: Readable,
  { place, request }: Reading,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for await (const chunk of stream) {
    const bytes = chunk as Uint8Array;
    const known = Math.max(0, Math.min(bytes.length, place.position - at));
    at += bytes.length;
    if (known < bytes.length) yield known === 0 ? bytes : bytes.subarray(known);
    // Only now the reader has it: what it leaves untaken it is sent again.
    place.position = Math.max(place.position, at);
  }
  if (at >= place.position) return;
  request.onSkip?.(null);
  place.position = 0;
}

/** A kubelet rotates at 10 MiB unless it is told otherwise (containerLogMaxSize). */
const unrotatedBytes = 1_048_576;

/** Where a file had no line yet, or its pod is gone, its name is not known: then the length has to tell. */
const mayBeRotated = ({ file, position }: LogPlace, now: string | null): boolean =>
  file !== null && now !== null ? file !== now : position > unrotatedBytes;

/** The kubelet goes on with its newest file, and does not say whether it left out others: then nobody knows what is missing. */
const tellRotation = async ({ place, fileNow, request }: Reading): Promise<void> => {
  if (!request.follow || request.signal.aborted) return;
  if (mayBeRotated(place, await fileNow())) request.onSkip?.(null);
};

/**
 * A pod's log from a byte on; null when there is none; why not, where we may not read it. A broken stream is opened again
 * where it broke, and throws where that cannot be done. Where the kubelet rotated the log meanwhile, Kubernetes only has its newest file: bytes may be missing, and
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
  const place = request.place ?? { position: request.fromByte, file: null };
  const reading = { request, place, fileNow: () => readFileName(api, paths, pod, { container, signal }) };
  await settle(reading);
  const first = await open();
  const words = wordsOfRefusal(first);
  if (words !== null) return after(Readable.from([words]), reading);
  if (first.kind !== 'ok') return null;

  async function* read(stream: Readable): AsyncGenerator<Uint8Array, void, undefined> {
    let current: Readable | null = stream;
    for (let reconnects = 0; !signal.aborted; reconnects += 1) {
      try {
        for await (const bytes of current === null ? [] : after(current, reading)) {
          reconnects = 0;
          yield bytes;
        }
        if (current !== null) return await tellRotation(reading);
      } catch (error) {
        if (signal.aborted) return;
        if (reconnects >= mostReconnects) throw error;
      }
      await pause(clock, jitteredDelayMs(backoff, reconnects, Math.random), signal);
      await settle(reading);
      const again = await open();
      if (again.kind === 'not_found') throw new Error(`the pod of a log that broke off is gone: ${pod}`);
      if (again.kind !== 'ok' && reconnects >= mostReconnects) throw new Error(again.message);
      current = again.kind === 'ok' ? again.body : null;
    }
  }
  return read(first.body);
};
