import { mayPass } from '@job-orchestrator/client';
import { setTimeout as delay } from 'node:timers/promises';

/** What whoever waits is told meanwhile. */
export const serverGone = 'the server does not answer; it is asked again';

export interface RideOptions {
  readonly signal: AbortSignal;
  /** Called once, at the first vain try. */
  readonly onGone: () => void;
  /** Pauses between tries, in milliseconds; when they are used up the last error is thrown. */
  readonly pausesMs?: readonly number[];
}

/** About 40 s in all, as long as a broken stream is taken up again: a server that restarts is back before. */
const defaultPausesMs = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000, 5_000];

/** Reads something of a server that may restart meanwhile. Throws its refusals at once, and the signal's reason. */
export const rideThrough = async <Result>(
  read: () => Promise<Result>,
  { signal, onGone, pausesMs = defaultPausesMs }: RideOptions,
): Promise<Result> => {
  for (let failures = 0; ; failures += 1) {
    try {
      return await read();
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error) || failures >= pausesMs.length) throw error;
      if (failures === 0) onGone();
      await delay(pausesMs[failures], undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
};
