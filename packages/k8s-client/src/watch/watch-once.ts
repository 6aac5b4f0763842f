import type { Clock } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { query } from '../http/paths.ts';
import { messageOf, textOr } from '../system-clock.ts';
import { jsonLines } from './json-lines.ts';
import type { WatchSource } from './lister.ts';

export interface WatchSession {
  readonly api: ApiClient;
  readonly source: WatchSource;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly from: string;
  readonly idleMs: number;
  readonly sessionMs: number;
  /** The server took the request: from now on nothing is missed. */
  onOpen(): void;
  onEvent(type: string, object: unknown): void;
}

/** How a session ended, and the newest version that it saw. `closed`: go on from there. `gone` and `failed`: list again. */
export type WatchEnd = { readonly version: string } & WatchOutcome;

type WatchOutcome =
  | { readonly kind: 'closed' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly message: string };

interface WatchLine {
  readonly type?: unknown;
  readonly object?: {
    readonly metadata?: { readonly resourceVersion?: unknown } | null;
    readonly code?: unknown;
    readonly message?: unknown;
  } | null;
}

const errorEnd = (line: WatchLine): WatchOutcome =>
  line.object?.code === 410
    ? { kind: 'gone' }
    : { kind: 'failed', message: textOr(line.object?.message, 'an ERROR event') };

/** Aborts when nothing arrived for `idleMs`; every call of `alive` starts the time anew. */
const idleGuard = (clock: Clock, idleMs: number, onIdle: () => void): { alive(): void; stop(): void } => {
  let cancel = clock.setTimer(idleMs, onIdle);
  const stop = (): void => cancel();
  const alive = (): void => {
    cancel();
    cancel = clock.setTimer(idleMs, onIdle);
  };
  return { alive, stop };
};

const watchPath = ({ source, from, sessionMs }: WatchSession): string => {
  const { labelSelector, fieldSelector } = source;
  const timeoutSeconds = Math.max(1, Math.round(sessionMs / 1_000));
  const resourceVersion = from;
  return (
    source.path +
    query({
      watch: 1,
      allowWatchBookmarks: true,
      timeoutSeconds,
      resourceVersion,
      labelSelector,
      fieldSelector,
    })
  );
};

/** One watch, from its request to its end; never throws. */
export const watchOnce = async (session: WatchSession): Promise<WatchEnd> => {
  const idle = new AbortController();
  const guard = idleGuard(session.clock, session.idleMs, () => idle.abort());
  const signal = AbortSignal.any([session.signal, idle.signal]);
  let version = session.from;
  try {
    const opened = await session.api.stream({ path: watchPath(session), signal });
    if (opened.kind === 'gone') return { kind: 'gone', version };
    if (opened.kind !== 'ok')
      return { kind: 'failed', message: `${opened.kind}: ${opened.message}`, version };
    session.onOpen();
    for await (const value of jsonLines(opened.body, guard.alive)) {
      const line = (value ?? {}) as WatchLine;
      if (line.type === 'ERROR') return { ...errorEnd(line), version };
      const seen = line.object?.metadata?.resourceVersion;
      if (typeof seen === 'string' && seen !== '') version = seen;
      if (line.type !== 'BOOKMARK') session.onEvent(textOr(line.type, ''), line.object);
    }
    return { kind: 'closed', version };
  } catch (error) {
    if (session.signal.aborted) return { kind: 'closed', version };
    return {
      kind: 'failed',
      version,
      message: idle.signal.aborted ? `silent for ${session.idleMs} ms` : messageOf(error),
    };
  } finally {
    guard.stop();
  }
};
