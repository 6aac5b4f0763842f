import type { Clock, Logger, Random } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import { jitteredDelayMs, type BackoffLimits } from '../http/backoff.ts';
import { messageOf, pause } from '../system-clock.ts';
import type { WatchSource } from './lister.ts';
import { createGuard, relist, type ReflectorTarget } from './relist.ts';
import { watchOnce, type WatchEnd } from './watch-once.ts';

/** Milliseconds. `idleMs`: a watch that is silent for longer is half-open (bookmarks come about once a minute). */
export interface ReflectorTiming {
  readonly backoff: BackoffLimits;
  readonly idleMs: number;
  readonly sessionMs: number;
  readonly resyncMs: number;
  readonly healthyMs: number;
}

export const defaultTiming: ReflectorTiming = {
  backoff: { baseMs: 500, capMs: 15_000 },
  idleMs: 90_000,
  sessionMs: 290_000,
  resyncMs: 600_000,
  healthyMs: 5_000,
};

export interface ReflectorOptions {
  readonly api: ApiClient;
  readonly source: WatchSource;
  readonly target: ReflectorTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly timing: ReflectorTiming;
  /** Told of every list that failed. */
  readonly onFailure?: (failure: ApiFailure) => void;
}

export interface Reflector {
  /** Resolves when the first full list is in. */
  readonly synced: Promise<void>;
  /** For how long, in milliseconds, what is known may be out of date; 0 while a watch is open. */
  staleMs(): number;
  close(): Promise<void>;
}

/** How far a reflector has come. `version` null: list before the next watch. */
interface Progress {
  failures: number;
  version: string | null;
  listedAt: number;
  lastContact: number;
  connected: boolean;
}

const list = async (options: ReflectorOptions, progress: Progress, signal: AbortSignal): Promise<boolean> => {
  const { api, source, target, clock, log } = options;
  const guard = createGuard(log, source);
  const listing = await relist(api, source, target, guard, signal);
  if (listing.kind === 'listed') {
    progress.version = listing.version;
    progress.listedAt = progress.lastContact = clock.monotonicMs();
    return true;
  }
  progress.failures += 1;
  if (!signal.aborted) {
    const { kind, message } = listing;
    log.warn({ path: source.path, kind, error: message, failures: progress.failures }, 'a list failed');
    guard(() => options.onFailure?.(listing));
  }
  return false;
};

const afterSession = (
  options: ReflectorOptions,
  progress: Progress,
  end: WatchEnd,
  begunAt: number,
): void => {
  const { clock, log, source, timing } = options;
  const now = clock.monotonicMs();
  progress.version = end.kind === 'closed' && now - progress.listedAt < timing.resyncMs ? end.version : null;
  // A session that lived for some seconds was healthy, however it ended; only short ones count towards the backoff.
  progress.failures = now - begunAt >= timing.healthyMs ? 0 : progress.failures + 1;
  if (end.kind !== 'failed') return;
  // Events get no bookmarks, so in a quiet namespace their watch falls silent every 90 s; what breaks once is begun anew.
  const facts = { path: source.path, error: end.message, failures: progress.failures };
  if (progress.failures === 0) log.debug(facts, 'a watch broke');
  else log.warn(facts, 'a watch broke');
};

const watch = async (
  options: ReflectorOptions,
  progress: Progress,
  from: string,
  signal: AbortSignal,
): Promise<void> => {
  const { api, source, target, clock, random, log, timing } = options;
  const guard = createGuard(log, source);
  const onEvent = (type: string, object: unknown): void =>
    guard(() => (type === 'DELETED' ? target.remove(object) : target.upsert(object)));
  const begunAt = clock.monotonicMs();
  const onOpen = (): void => void (progress.connected = true);
  const sessionMs = timing.sessionMs * (0.75 + random() / 4);
  const end = await watchOnce({
    api,
    source,
    clock,
    signal,
    onOpen,
    onEvent,
    from,
    idleMs: timing.idleMs,
    sessionMs,
  });
  if (progress.connected) progress.lastContact = clock.monotonicMs();
  progress.connected = false;
  afterSession(options, progress, end, begunAt);
};

/**
 * Mirrors one kind of object until closed: list, watch, and again. No fault ends it: whatever happens is logged and
 * followed by a jittered delay that grows while faults repeat.
 */
export const startReflector = (options: ReflectorOptions): Reflector => {
  const { source, clock, random, log, timing } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const progress: Progress = {
    failures: 0,
    version: null,
    listedAt: Number.NEGATIVE_INFINITY,
    lastContact: clock.monotonicMs(),
    connected: false,
  };
  let markSynced = (): void => undefined;
  const synced = new Promise<void>((resolve) => (markSynced = resolve));

  const step = async (): Promise<void> => {
    if (progress.version !== null) await watch(options, progress, progress.version, signal);
    else if (await list(options, progress, signal)) markSynced();
  };
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      const before = progress.failures;
      try {
        await step();
      } catch (error) {
        progress.failures += 1;
        progress.version = null;
        log.error(
          { path: source.path, error: messageOf(error) },
          'a watch failed in a way that nobody foresaw',
        );
      }
      const { failures } = progress;
      if (failures > before)
        await pause(clock, jitteredDelayMs(timing.backoff, failures - 1, random), signal);
    }
  };
  const ended = run();
  return {
    synced,
    staleMs: () => (progress.connected ? 0 : clock.monotonicMs() - progress.lastContact),
    close: async () => {
      abort.abort();
      await ended;
    },
  };
};
