import type { Clock, Logger, Random } from '@job-orchestrator/types';

/** A routine that runs again and again. */
export interface Routine {
  readonly name: string;
  readonly intervalMs: number;
  readonly run: () => Promise<void>;
}

/** What a routine runs on. */
interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Runs a routine every `intervalMs` ± 10 %, counted from the end of the run before, so that it never overlaps itself.
 * An error is logged and the routine goes on. Returns how to stop it.
 */
export const every = ({ clock, random, log }: Ports, { name, intervalMs, run }: Routine): (() => void) => {
  let stopped = false;
  let cancel: () => void = () => undefined;
  const arm = (): void => {
    if (!stopped) cancel = clock.setTimer(intervalMs * (0.9 + 0.2 * random()), () => void turn());
  };
  const turn = async (): Promise<void> => {
    try {
      await run();
    } catch (error) {
      if (!stopped) log.warn({ routine: name, error: String(error) }, 'a routine failed; it runs again');
    }
    arm();
  };
  arm();
  return () => {
    stopped = true;
    cancel();
  };
};
