import { watch, type FSWatcher } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock, LogRequest } from '@job-orchestrator/types';
import { readLog } from './segments.ts';

/** What a reader must know of the attempt besides its log folder. */
export interface Followed {
  readonly folder: string;
  /** True once nothing will be appended any more. */
  ended(): boolean;
}

const chunkBytes = 65_536;
/** Where no watch is to be had, and against an event that was missed. Milliseconds. */
const lookAgainMs = 250;

interface Bell {
  /** Resolves when something may have happened since the last call. */
  rung(): Promise<void>;
  close(): void;
}

const tryWatch = (folder: string, onChange: () => void): FSWatcher | null => {
  try {
    return watch(folder, { persistent: false }, onChange).on('error', () => undefined);
  } catch {
    return null;
  }
};

const openBell = (folder: string, clock: Clock, signal: AbortSignal): Bell => {
  let missed = false;
  let wake: (() => void) | null = null;
  const ring = (): void => {
    missed = true;
    wake?.();
  };
  const watcher = tryWatch(folder, ring);
  signal.addEventListener('abort', ring);
  const rung = async (): Promise<void> => {
    const callOff = clock.setTimer(lookAgainMs, ring);
    if (!missed) await new Promise<void>((resolve) => (wake = resolve));
    callOff();
    missed = false;
    wake = null;
  };
  const close = (): void => {
    watcher?.close();
    signal.removeEventListener('abort', ring);
  };
  return { rung, close };
};

/**
 * The log from `fromByte` on: to its present end, or with `follow` until the attempt has ended. Throws where the folder is
 * removed before its reader came to the end.
 */
export async function* followLog(
  followed: Followed,
  request: LogRequest,
  clock: Clock,
): AsyncGenerator<Uint8Array> {
  const bell = request.follow ? openBell(followed.folder, clock, request.signal) : null;
  try {
    for (let position = request.fromByte; !request.signal.aborted;) {
      const ended = followed.ended();
      const { bytes, next } = readLog(followed.folder, position, chunkBytes);
      const skipped = next - bytes.byteLength - position;
      position = next;
      if (skipped > 0) request.onSkip?.(skipped);
      if (bytes.byteLength > 0) {
        yield bytes;
        // What was read is garbage once it is sent, and freed between turns: of 1 GiB in one go 107 to 405 MiB piled up, now 95.
        await turn();
      } else if (ended || bell === null) return;
      else await bell.rung();
    }
  } finally {
    bell?.close();
  }
}
