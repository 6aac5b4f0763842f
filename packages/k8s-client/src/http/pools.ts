import { Pool } from 'undici';
import type { TlsMaterial } from '../credentials/credentials.ts';

/** Two pools to one server: short requests, and streams (watches, logs) that must never keep a request waiting. */
export interface PoolPair {
  readonly requests: Pool;
  readonly streams: Pool;
}

export interface PoolOptions {
  readonly connections: number;
  readonly connectMs: number;
  readonly requestMs: number;
}

const tlsOptions = (tls: TlsMaterial): object => ({
  ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  ...(tls.cert === undefined ? {} : { cert: tls.cert }),
  ...(tls.key === undefined ? {} : { key: tls.key }),
  ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  ...(tls.insecure === true ? { rejectUnauthorized: false } : {}),
});

const openPair = (origin: string, tls: TlsMaterial, options: PoolOptions): PoolPair => {
  // TCP keep-alive notices a dead peer below streams that may rightly be silent (the log of a quiet program).
  const connect = {
    timeout: options.connectMs,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...tlsOptions(tls),
  };
  const common = { connect, headersTimeout: options.requestMs, keepAliveTimeout: 30_000, pipelining: 1 };
  // As many streams as are open: a watch must not wait for the readers of logs.
  return {
    requests: new Pool(origin, {
      ...common,
      connections: options.connections,
      bodyTimeout: options.requestMs,
    }),
    streams: new Pool(origin, { ...common, connections: null, bodyTimeout: 0 }),
  };
};

/** Keeps one pair of pools for the TLS material in use; a renewed certificate or CA gets a new pair, the old one drains. */
export const createPools = (
  origin: string,
  options: PoolOptions,
): { for(tls: TlsMaterial): PoolPair; close(): Promise<void> } => {
  let current: { key: string; pair: PoolPair } | null = null;
  const retired = new Set<Promise<unknown>>();
  const retire = (pair: PoolPair): void => {
    const gone = Promise.allSettled([pair.requests.close(), pair.streams.close()]).finally(() =>
      retired.delete(gone),
    );
    retired.add(gone);
  };
  return {
    for: (tls) => {
      const key = JSON.stringify(tls);
      if (current?.key === key) return current.pair;
      if (current !== null) retire(current.pair);
      current = { key, pair: openPair(origin, tls, options) };
      return current.pair;
    },
    close: async () => {
      const pair = current?.pair;
      current = null;
      if (pair !== undefined) await Promise.allSettled([pair.requests.destroy(), pair.streams.destroy()]);
    },
  };
};
