import type { Logger } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import { messageOf, textOr } from '../system-clock.ts';
import { listPages, type Listing, type WatchSource } from './lister.ts';

/** Where what is seen goes. What a handler throws is logged, and the next object goes on. */
export interface ReflectorTarget {
  upsert(object: unknown): void;
  remove(object: unknown): void;
  /** The uids that are believed to exist. */
  known(): ReadonlySet<string>;
  /** A full list did not contain this one: its deletion was missed. */
  forget(uid: string): void;
  /** The server went back in time (etcd was restored): what is known may never have been, and whatever comes next counts. */
  rewind(): void;
}

/** Runs a handler; what it throws is logged and goes no further. */
export type Guard = (handle: () => void) => void;

/** A guard for the handlers of one watch. */
export const createGuard =
  (log: Logger, { path }: WatchSource): Guard =>
  (handle) => {
    try {
      handle();
    } catch (error) {
      log.error({ error: messageOf(error), path }, 'a handler of a watch failed');
    }
  };

/** The uid of any object, or whatever stands in its place. */
export const uidOf = (object: unknown): unknown =>
  (object as { metadata?: { uid?: unknown } | null } | null)?.metadata?.uid;

/**
 * Brings a target up to date with a full list, missed deletions included, and answers with the version to watch from.
 * Only what was known before the list began can be missing from it: what was made meanwhile stays.
 */
export const relist = async (
  api: ApiClient,
  source: WatchSource,
  target: ReflectorTarget,
  guard: Guard,
  signal: AbortSignal,
): Promise<Listing | ApiFailure> => {
  const missing = new Set(target.known());
  const onPage = (items: readonly unknown[]): void => {
    for (const item of items) {
      missing.delete(textOr(uidOf(item), ''));
      guard(() => target.upsert(item));
    }
  };
  const listing = await listPages(api, source, onPage, signal);
  if (listing.kind === 'listed') for (const uid of missing) guard(() => target.forget(uid));
  return listing;
};
