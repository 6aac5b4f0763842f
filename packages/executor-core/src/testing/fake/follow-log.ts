import type { AttemptRef, LogRequest } from '@job-orchestrator/types';
import type { FakeObject, FakeWorld } from './world.ts';

const encoder = new TextEncoder();

/** Resolves when time has passed or the reader calls off. */
const lookAgain = (world: FakeWorld, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = world.clock.setTimer(10, done);
    signal.addEventListener('abort', done);
  });

async function* chunksOf(
  world: FakeWorld,
  object: FakeObject,
  request: LogRequest,
): AsyncIterable<Uint8Array> {
  let sent = request.fromByte;
  while (!request.signal.aborted) {
    const over = object.run?.exit() !== null;
    const bytes = encoder.encode(object.run?.log() ?? '');
    if (bytes.byteLength > sent) yield bytes.subarray(sent);
    sent = Math.max(sent, bytes.byteLength);
    if (over || !request.follow) return;
    await lookAgain(world, request.signal);
  }
}

/** The log of a fake program, live; null when it has none. */
export const followLog = (
  world: FakeWorld,
  ref: AttemptRef,
  request: LogRequest,
): AsyncIterable<Uint8Array> | null => {
  const object = world.find(ref);
  return object?.run ? chunksOf(world, object, request) : null;
};
