import type { ExecutorConfig } from '../config.ts';
import type { Life } from '../engine/life.ts';
import { claimsPause } from '../launch/admission.ts';
import { longestWaitMs, pageSizes } from '../timing.ts';

/** Claims jobs while there is room for them. */
export interface ClaimLoop {
  /** Claims soon; calls while it claims make it claim once more. */
  wake(): void;
  /** A launch has ended: claims, if it was for room to launch that it did not. */
  launchEnded(): void;
  /** An attempt was let go of: claims, unless the queue gave all that it had when it was asked last. */
  roomMade(): void;
  /** Claims no more. */
  stop(): void;
}

/** A due job that could not be promoted now (another executor has it) is asked for again after this long. */
const promoteAgainMs = 250;

/** Never more unlaunched attempts than a second can launch: what waits is better left to other executors. */
const launchRoom = ({ batchSize, launchRatePerSecond }: ExecutorConfig): number =>
  Math.max(batchSize, Math.ceil(launchRatePerSecond));

/** Room for new attempts, one batch at most. */
const freeCapacity = (life: Life): number => {
  const { config } = life.deps;
  const { batchSize, maxRunning } = config;
  // A stalled launch that is asked for again counts twice meanwhile; no matter, for it is decided within moments.
  const unlaunched = life.launching() + life.stalled.size;
  return Math.min(batchSize, maxRunning - life.held.size(), launchRoom(config) - unlaunched);
};

/** Claims one batch. True when it was full, so that more may be waiting. */
const claimBatch = async (life: Life): Promise<boolean> => {
  const { database, runtime, clock, config } = life.deps;
  const limit = freeCapacity(life);
  if (limit <= 0 || !life.lease.holds()) return false;
  const owner = life.incarnation;
  const askedMs = clock.monotonicMs();
  const claimed = await database.queue.claimJobs({
    owner,
    runtimeKey: runtime.key,
    topics: config.topics,
    limit,
  });
  if (!life.alive()) return false;
  for (const attempt of claimed) {
    life.held.hold(attempt, { fresh: true, askedMs });
    life.look(attempt.id);
  }
  return claimed.length === limit;
};

export const createClaimLoop = (life: Life): ClaimLoop => {
  const { database, clock, config, log } = life.deps;
  const room = launchRoom(config);
  const state = { claiming: false, again: false, stopped: false, starved: false, paused: false };
  let cancelDue: () => void = () => undefined;

  /** Arms a timer for the next scheduled job; one that is due already is promoted now. True: claim again. */
  const watchNextDue = async (): Promise<boolean> => {
    const next = await database.queue.nextDue(config.topics);
    if (state.stopped || !next) return false;
    if (next.inMs <= 0 && (await database.queue.promoteDue(pageSizes.promote)) > 0) return true;
    cancelDue();
    const waitMs = Math.min(Math.max(next.inMs, promoteAgainMs), longestWaitMs);
    cancelDue = clock.setTimer(waitMs, wake);
    return false;
  };
  const isPaused = (): boolean => {
    const [before, stalled] = [state.paused, life.stalled.size];
    state.paused = claimsPause(before, stalled, room);
    if (state.paused && !before) log.warn({ stalled }, 'the runtime takes no launches now; claims pause');
    if (!state.paused && before) log.info({ stalled }, 'claims go on');
    return state.paused;
  };
  const claimAll = async (): Promise<void> => {
    while (state.again && !state.stopped) {
      state.again = false;
      state.starved = isPaused() || freeCapacity(life) <= 0 || !life.lease.holds();
      if (state.paused) return;
      if ((await claimBatch(life)) || (await watchNextDue())) state.again = true;
    }
  };
  const claim = async (): Promise<void> => {
    try {
      await claimAll();
    } catch (error) {
      // What the queue has is not known: the next end or launch asks for it, as the poll does.
      state.starved = true;
      if (!state.stopped) log.warn({ error: String(error) }, 'claiming failed; tried again at the next poll');
    } finally {
      state.claiming = false;
    }
    // Woken while it failed, or after its last look.
    if (state.again) wake();
  };
  const wake = (): void => {
    state.again = true;
    if (state.claiming || state.stopped) return;
    state.claiming = true;
    void claim();
  };
  const roomMade = (): void => {
    if (state.starved && !isPaused() && freeCapacity(life) > 0) wake();
  };
  return {
    wake,
    launchEnded: () => {
      // Not for each launch, but for half a second's worth: one claim for many jobs.
      if (life.launching() <= room / 2) roomMade();
    },
    roomMade,
    stop: () => {
      state.stopped = true;
      cancelDue();
    },
  };
};
