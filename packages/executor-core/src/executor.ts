import type { IncarnationId, InstallationId } from '@job-orchestrator/types';
import type { ExecutorDependencies } from './config.ts';
import { runLife, type LifeEnd, type RunningLife } from './engine/run-life.ts';
import { delay } from './queue/waiting.ts';

/** Runs jobs: claims them, launches and watches their attempts, records how they end. */
export interface Executor {
  /** Registers, adopts and begins to claim. Throws when the database or the runtime cannot be used. */
  start(): Promise<void>;
  /**
   * Claims no more, finishes what is being recorded, for at most `timeoutMs`, and gives up the lease, so that others adopt
   * at once. What runs goes on running.
   */
  drain(timeoutMs: number): Promise<void>;
  /** Ends at once and hands nothing over: the lease expires. The runtime and the database stay open; they are the caller's. */
  stop(): void;
}

/** How long to wait before registering again failed once more. */
const registerAgainMs = 1_000;

/** An executor over its ports. It begins with `start`. */
export const createExecutor = (deps: ExecutorDependencies): Executor => {
  const { database, runtime, clock, log } = deps;
  let running: RunningLife | null = null;
  const state = { stopped: false };
  let unsubscribe: () => void = () => undefined;

  const live = async (installation: InstallationId, reconcile: boolean): Promise<void> => {
    const onEnd = (end: LifeEnd, former: IncarnationId): void => void liveAgain(installation, end, former);
    const begun = await runLife({ deps, installation, reconcile, onEnd });
    if (state.stopped) return begun.end();
    // One that ended while it began has a successor already.
    if (begun.life.alive()) running = begun;
  };
  const liveAgain = async (
    installation: InstallationId,
    end: LifeEnd,
    former: IncarnationId,
  ): Promise<void> => {
    running = null;
    if (end === 'lost')
      log.error({ incarnation: former }, 'the lease was lost; what was held is dropped and adopted anew');
    else
      log.error(
        { incarnation: former },
        'the database went back in time; nothing is claimed before the runtime is heard',
      );
    while (!state.stopped) {
      try {
        if (end === 'went_back') await database.executors.release(former);
        return await live(installation, end === 'went_back');
      } catch (error) {
        log.error({ error: String(error) }, 'could not register again');
        await delay(clock, registerAgainMs);
      }
    }
  };
  const close = (): void => {
    state.stopped = true;
    unsubscribe();
    running = null;
  };
  return {
    start: async () => {
      const installation = await database.queue.installation();
      await runtime.start((attempt) => running?.life.look(attempt));
      unsubscribe = database.wakeUps.subscribe((kind) => running?.woken(kind));
      await live(installation, false);
    },
    drain: async (timeoutMs) => {
      const last = running;
      close();
      await last?.drain(timeoutMs);
    },
    stop: () => {
      running?.end();
      close();
    },
  };
};
