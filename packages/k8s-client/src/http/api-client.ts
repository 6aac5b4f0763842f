import type { Readable } from 'node:stream';
import type { Clock } from '@job-orchestrator/types';
import type { Credentials, Identity } from '../credentials/credentials.ts';
import { messageOf, systemClock } from '../system-clock.ts';
import { failureOf, thrownFailure, withheld, type ApiFailure, type ApiResult } from './api-result.ts';
import { createPools, type PoolOptions, type PoolPair } from './pools.ts';
import { guardedBy } from './send-guard.ts';
import { createTokenBucket, type RateLimit } from './token-bucket.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with query, below the server's address. */
  readonly path: string;
  readonly body?: object;
  readonly contentType?: 'application/json' | 'application/merge-patch+json';
  readonly signal?: AbortSignal;
  /** Asked in the same tick in which the request is sent, however long it waited before; false: it is `withheld`. */
  readonly maySend?: () => boolean;
}

export interface ApiClientOptions {
  readonly credentials: Credentials;
  readonly clock?: Clock;
  readonly rate?: RateLimit;
  readonly pools?: Partial<PoolOptions>;
}

/** Speaks to one API server. Every method answers with a result; none throws or retries (one retry after a 401 apart). */
export interface ApiClient {
  json<Body>(request: ApiRequest): Promise<ApiResult<Body>>;
  /** A body that is read as it comes; destroy it when done. */
  stream(request: Pick<ApiRequest, 'path' | 'signal'>): Promise<ApiResult<Readable>>;
  close(): Promise<void>;
}

// 20 launches a second cost about 3 requests each; 100 a second leaves room for janitor and logs.
const defaultRate: RateLimit = { perSecond: 100, burst: 200 };
const defaultPools: PoolOptions = { connections: 16, connectMs: 10_000, requestMs: 30_000 };
const defaultHoldMs = 1_000;

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Readable & { text(): Promise<string> };
}

const drainError = async (answer: Answer, clock: Clock): Promise<ApiFailure> => {
  const header = answer.headers['retry-after'];
  const text = await answer.body.text().catch(() => '');
  return failureOf(
    answer.statusCode,
    text,
    typeof header === 'string' ? header : undefined,
    clock.now().getTime(),
  );
};

/** Who we are, or why that cannot be said; either way nothing was sent. */
const identityOf = async (credentials: Credentials): Promise<Identity | ApiFailure> => {
  try {
    return await credentials.identity();
  } catch (error) {
    return {
      kind: 'unreachable',
      status: null,
      reason: 'Credentials',
      message: messageOf(error),
      retryAfterMs: null,
    };
  }
};

/** Makes a client; nothing is sent before the first request. */
export const createApiClient = (options: ApiClientOptions): ApiClient => {
  const clock = options.clock ?? systemClock;
  const { credentials } = options;
  const base = new URL(credentials.server);
  const prefix = base.pathname.replace(/\/+$/, '');
  const pools = createPools(base.origin, { ...defaultPools, ...options.pools });
  const bucket = createTokenBucket(options.rate ?? defaultRate, clock);

  const send = async (request: ApiRequest, pool: keyof PoolPair): Promise<Answer | ApiFailure> => {
    await bucket.take(request.signal);
    const who = await identityOf(credentials);
    if ('kind' in who) return who;
    const { maySend } = request;
    if (maySend?.() === false) return withheld;
    try {
      const sender = pools.for(who.tls)[pool];
      return await (maySend === undefined ? sender : sender.compose(guardedBy(maySend))).request({
        method: request.method,
        path: prefix + request.path,
        headers: {
          accept: 'application/json',
          ...who.headers,
          ...(request.body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json' }),
        },
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null,
      });
    } catch (error) {
      return thrownFailure(error, request.signal?.aborted ?? false);
    }
  };

  const attempt = async (request: ApiRequest, pool: keyof PoolPair): Promise<Answer | ApiFailure> => {
    const answer = await send(request, pool);
    if ('kind' in answer || answer.statusCode < 300) return answer;
    const failure = await drainError(answer, clock);
    if (failure.kind === 'too_many') bucket.holdFor(failure.retryAfterMs ?? defaultHoldMs);
    return failure;
  };

  // A 401 is certain to have done nothing, and is how an expired token shows: one more try with a fresh one.
  const authorized = async (request: ApiRequest, pool: keyof PoolPair): Promise<Answer | ApiFailure> => {
    const first = await attempt(request, pool);
    if (!('kind' in first) || first.kind !== 'unauthorized') return first;
    credentials.invalidate();
    return attempt(request, pool);
  };

  const json = async <Body>(request: ApiRequest): Promise<ApiResult<Body>> => {
    const answer = await authorized(request, 'requests');
    if ('kind' in answer) return answer;
    try {
      const text = await answer.body.text();
      return { kind: 'ok', status: answer.statusCode, body: JSON.parse(text) as Body };
    } catch (error) {
      return thrownFailure(error, request.signal?.aborted ?? false);
    }
  };

  const stream = async (request: Pick<ApiRequest, 'path' | 'signal'>): Promise<ApiResult<Readable>> => {
    const answer = await authorized({ method: 'GET', ...request }, 'streams');
    if ('kind' in answer) return answer;
    // A stream that breaks after its reader went away must not become an unhandled 'error' event.
    answer.body.on('error', () => undefined);
    return { kind: 'ok', status: answer.statusCode, body: answer.body };
  };

  return { json, stream, close: () => pools.close() };
};
