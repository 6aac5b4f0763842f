import type { Clock, Logger, Random } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import { jitteredDelayMs, type BackoffLimits } from '../http/backoff.ts';
import { messageOf, pause } from '../system-clock.ts';
import type { WatchSource } from './lister.ts';
import { createGuard, relist, type ReflectorTarget } from './relist.ts';
import type { Listing } from './lister.ts';
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
  /** The highest version that was ever seen. */
  newest: number;
  listedAt: number;
  lastContact: number;
  connected: boolean;
}

/** Versions are numbers that only rise, as Kubernetes says since 1.35; another server's, which are none, are let be. */
const noteVersion = (progress: Progress, version: string): void => {
  progress.newest = Math.max(progress.newest, Number(version) || 0);
};

/** A full list is of now, so one that is older than what was seen before it is of a server that went back in time. */
const wentBack = ({ newest }: Progress, { version }: Listing): boolean => Number(version) < newest;

/** Lists; where time went back, once more, because what was seen before it outdid all of the first list. */
const listNow = async (
  options: ReflectorOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<Listing | ApiFailure> => {
  const { api, source, target, log } = options;
  const guard = createGuard(log, source);
  const listing = await relist(api, source, target, guard, signal);
  if (listing.kind !== 'listed' || !wentBack(progress, listing)) return listing;
  const { newest } = progress;
  log.warn(
    { path: source.path, version: listing.version, newest },
    'Kubernetes went back in time: all is read anew',
  );
  progress.newest = 0;
  guard(() => target.rewind());
  return relist(api, source, target, guard, signal);
};

const list = async (options: ReflectorOptions, progress: Progress, signal: AbortSignal): Promise<boolean> => {
  const { source, clock, log } = options;
  const guard = createGuard(log, source);
  const listing = await listNow(options, progress, signal);
  if (listing.kind === 'listed') {
    progress.version = listing.version;
    noteVersion(progress, listing.version);
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
  noteVersion(progress, end.version);
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
    newest: 0,
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
