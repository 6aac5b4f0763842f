import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import { query } from '../http/paths.ts';

/** What to list and watch. */
export interface WatchSource {
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Listing {
  readonly kind: 'listed';
  readonly items: readonly unknown[];
  /** Where a watch goes on from. */
  readonly version: string;
}

interface ListBody {
  readonly metadata?: { readonly resourceVersion?: unknown; readonly continue?: unknown } | null;
  readonly items?: unknown;
}

const pageSize = 500;

/**
 * Lists everything, page by page, as of now. Never at `resourceVersion=0`: that may be answered from a cache of the past,
 * and deletions would come back to life.
 */
export const listAll = async (
  api: ApiClient,
  source: WatchSource,
  signal: AbortSignal,
): Promise<Listing | ApiFailure> => {
  const { labelSelector, fieldSelector } = source;
  const items: unknown[] = [];
  let from: string | undefined;
  for (;;) {
    const path = source.path + query({ labelSelector, fieldSelector, limit: pageSize, continue: from });
    const page = await api.json<ListBody | null>({ method: 'GET', path, signal });
    if (page.kind !== 'ok') return page;
    const version = page.body?.metadata?.resourceVersion;
    if (!Array.isArray(page.body?.items ?? []) || typeof version !== 'string' || version === '') {
      return {
        kind: 'unresolved',
        status: page.status,
        reason: 'BadList',
        message: 'a list without version or items',
        retryAfterMs: null,
      };
    }
    items.push(...((page.body?.items ?? []) as unknown[]));
    from =
      typeof page.body?.metadata?.continue === 'string' && page.body.metadata.continue !== ''
        ? page.body.metadata.continue
        : undefined;
    if (from === undefined) return { kind: 'listed', items, version };
  }
};
