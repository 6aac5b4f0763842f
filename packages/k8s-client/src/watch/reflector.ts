import type { Clock, Logger, Random } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import { jitteredDelayMs, type BackoffLimits } from '../http/backoff.ts';
import { messageOf, pause } from '../system-clock.ts';
import { listAll, type WatchSource } from './lister.ts';
import { watchOnce, type WatchEnd } from './watch-once.ts';

/** Where what is seen goes. What a handler throws is logged, and the next object goes on. */
export interface ReflectorTarget {
  upsert(object: unknown): void;
  remove(object: unknown): void;
  /** The uids that are believed to exist. */
  known(): ReadonlySet<string>;
  /** A full list did not contain this one: its deletion was missed. */
  forget(uid: string): void;
}

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
  /** Told of every list that failed, with how many failed in a row. */
  readonly onFailure?: (failure: ApiFailure, inARow: number) => void;
}

export interface Reflector {
  /** Resolves when the first full list is in. */
  readonly synced: Promise<void>;
  /** For how long, in milliseconds, what is known may be out of date; 0 while a watch is open. */
  staleMs(): number;
  close(): Promise<void>;
}

const uidOf = (object: unknown): unknown =>
  (object as { metadata?: { uid?: unknown } | null } | null)?.metadata?.uid;

/**
 * Mirrors one kind of object until closed: list, watch, and again. No fault ends it: whatever happens is logged and
 * followed by a jittered delay that grows while faults repeat.
 */
export const startReflector = (options: ReflectorOptions): Reflector => {
  const { api, source, target, clock, random, log, timing } = options;
  const abort = new AbortController();
  const { signal } = abort;
  let [failures, listedAt, connected] = [0, Number.NEGATIVE_INFINITY, false];
  let lastContact = clock.monotonicMs();
  let version: string | null = null;
  let markSynced = (): void => undefined;
  const synced = new Promise<void>((resolve) => (markSynced = resolve));

  const guarded = (handle: () => void): void => {
    try {
      handle();
    } catch (error) {
      log.error({ error: messageOf(error), path: source.path }, 'a handler of a watch failed');
    }
  };

  const relist = async (): Promise<boolean> => {
    const before = new Set(target.known());
    const listing = await listAll(api, source, signal);
    if (listing.kind !== 'listed') {
      if (!signal.aborted) {
        log.warn(
          { path: source.path, kind: listing.kind, error: listing.message, failures },
          'a list failed',
        );
        guarded(() => options.onFailure?.(listing, failures + 1));
      }
      return false;
    }
    const present = new Set(listing.items.map(uidOf));
    for (const item of listing.items) guarded(() => target.upsert(item));
    for (const uid of before) if (!present.has(uid)) guarded(() => target.forget(uid));
    version = listing.version;
    listedAt = lastContact = clock.monotonicMs();
    markSynced();
    return true;
  };

  const onEvent = (type: string, object: unknown): void =>
    guarded(() => (type === 'DELETED' ? target.remove(object) : target.upsert(object)));

  const watchSession = async (from: string): Promise<WatchEnd> => {
    connected = true;
    const jitter = 0.75 + random() / 4;
    const end = await watchOnce({
      api,
      source,
      clock,
      signal,
      onEvent,
      from,
      idleMs: timing.idleMs,
      sessionMs: timing.sessionMs * jitter,
    });
    connected = false;
    lastContact = clock.monotonicMs();
    return end;
  };

  const afterSession = (end: WatchEnd, livedMs: number): void => {
    const due = clock.monotonicMs() - listedAt >= timing.resyncMs;
    version = end.kind === 'closed' && !due ? end.version : null;
    // A session that lived for some seconds was healthy, however it ended; only short ones count towards the backoff.
    failures = livedMs >= timing.healthyMs ? 0 : failures + 1;
    if (end.kind === 'failed') log.warn({ path: source.path, error: end.message, failures }, 'a watch broke');
  };

  const step = async (): Promise<void> => {
    if (version === null && !(await relist())) {
      failures += 1;
    } else if (version !== null) {
      const begunAt = clock.monotonicMs();
      afterSession(await watchSession(version), clock.monotonicMs() - begunAt);
    }
    if (failures > 0) await pause(clock, jitteredDelayMs(timing.backoff, failures - 1, random), signal);
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await step();
      } catch (error) {
        failures += 1;
        version = null;
        log.error(
          { path: source.path, error: messageOf(error) },
          'a watch failed in a way that nobody foresaw',
        );
        await pause(clock, jitteredDelayMs(timing.backoff, failures, random), signal);
      }
    }
  };
  const ended = run();
  return {
    synced,
    staleMs: () => (connected ? 0 : clock.monotonicMs() - lastContact),
    close: async () => {
      abort.abort();
      await ended;
    },
  };
};
