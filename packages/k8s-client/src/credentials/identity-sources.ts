import { readFile } from 'node:fs/promises';
import { OrchestratorError, type Clock } from '@job-orchestrator/types';
import type { IdentitySource } from './credentials.ts';

// The kubelet renews a projected token when 80 % of its life (1 h by default) has passed; kubectl re-reads each minute.
const rereadMs = 60_000;

/** A source that never changes. */
export const fixedSource = (identity: { token?: string; cert?: string; key?: string }): IdentitySource => {
  const { token, ...certificate } = identity;
  const fixed = { ...(token === undefined ? {} : { headers: bearer(token) }), ...certificate };
  return { get: () => Promise.resolve(fixed), invalidate: () => undefined };
};

/** The header of a token. */
export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Reads a file at most once a minute; the last good content serves while the file cannot be read. */
export const rereadFile = (
  path: string,
  origin: string,
  clock: Clock,
): { get(): Promise<string>; invalidate(): void } => {
  let known: { content: string; readAt: number } | null = null;
  const read = async (): Promise<string> => {
    try {
      known = { content: (await readFile(path, 'utf8')).trim(), readAt: clock.monotonicMs() };
      return known.content;
    } catch (error) {
      if (known !== null) return known.content;
      throw new OrchestratorError(
        'runtime_unavailable',
        `${origin}: ${path} cannot be read: ${(error as Error).message}`,
      );
    }
  };
  return {
    get: () =>
      known !== null && clock.monotonicMs() - known.readAt < rereadMs
        ? Promise.resolve(known.content)
        : read(),
    invalidate: () => {
      if (known !== null) known = { ...known, readAt: Number.NEGATIVE_INFINITY };
    },
  };
};

/** A bearer token in a file, read again each minute. */
export const tokenFileSource = (path: string, origin: string, clock: Clock): IdentitySource => {
  const file = rereadFile(path, origin, clock);
  return { get: async () => ({ headers: bearer(await file.get()) }), invalidate: file.invalidate };
};
