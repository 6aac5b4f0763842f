import { OrchestratorError } from '@job-orchestrator/types/errors';
import { limits } from '@job-orchestrator/types/limits';
import { errorFromAnswer, notOurs, silent, unreachable } from './errors.ts';

export interface CallOptions {
  /** Calls the request off; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The caller's signal and nothing else of its options. */
export const callOptions = (options: CallOptions): CallOptions =>
  options.signal === undefined ? {} : { signal: options.signal };

/** The header of a request that may be repeated. */
export const keyHeader = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { 'idempotency-key': key };

export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** A status from 300 on that is an answer here and no error. */
  readonly alsoStatus?: number;
}

export interface Transport {
  readonly server: string;
  /** Sends a request and returns an answer with a status below 300; throws OrchestratorError otherwise. */
  open(call: Call): Promise<Response>;
  /** Like `open`, within the time limit, and reads the whole answer. */
  json<Answer>(call: Call): Promise<Answer>;
  text(call: Call): Promise<{ readonly text: string; readonly headers: Headers }>;
  bytes(call: Call): Promise<{ readonly content: Uint8Array<ArrayBuffer>; readonly headers: Headers }>;
}

/** Whom to tell that an answer takes long. */
export interface SlowRule {
  readonly afterMs: number;
  readonly tell: () => void;
}

export interface TransportOptions {
  readonly server: string;
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly slow: SlowRule | null;
}

const encodeBody = (body: unknown): string => {
  const text = JSON.stringify(body);
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.bodyBytes) return text;
  throw new OrchestratorError(
    'body_too_large',
    `The request has ${bytes} bytes; the limit is ${limits.bodyBytes}.`,
    [{ field: 'body', message: 'is too large', limit: limits.bodyBytes, value: String(bytes) }],
  );
};

const toRequest = (call: Call, token: string | null): RequestInit => ({
  method: call.method,
  // A redirect would carry the token to wherever it points.
  redirect: 'error',
  headers: {
    accept: 'application/json, application/problem+json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...call.headers,
  },
  ...(call.body === undefined ? {} : { body: encodeBody(call.body) }),
  ...(call.signal === undefined ? {} : { signal: call.signal }),
});

/** One URL segment. `.` and `..` would be resolved away, escaped or not, and lead to another route. */
export const segment = (value: string, field: string): string => {
  if (value !== '' && value !== '.' && value !== '..') return encodeURIComponent(value);
  throw new OrchestratorError('invalid_input', `${JSON.stringify(value)} cannot be a ${field}.`, [
    { field, message: 'must be a name or an id', value },
  ]);
};

const open = async (options: TransportOptions, call: Call): Promise<Response> => {
  const query = call.query === undefined || call.query.size === 0 ? '' : `?${call.query.toString()}`;
  const request = toRequest(call, options.token);
  try {
    const response = await fetch(`${options.server}${call.path}${query}`, request);
    if (response.ok || response.status === call.alsoStatus) return response;
    const type = response.headers.get('content-type') ?? '';
    throw errorFromAnswer(options.server, response.status, type, await response.text());
  } catch (error) {
    call.signal?.throwIfAborted();
    throw error instanceof OrchestratorError ? error : unreachable(options.server, error);
  }
};

/** Runs a whole exchange within the time limit; the caller's own signal keeps its own reason. */
const within = async <T>(
  options: TransportOptions,
  call: Call,
  exchange: (call: Call) => Promise<T>,
): Promise<T> => {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const { slow } = options;
  const telling = slow === null ? undefined : setTimeout(slow.tell, slow.afterMs);
  const signal = call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]);
  try {
    return await exchange({ ...call, signal });
  } catch (error) {
    call.signal?.throwIfAborted();
    if (limit.aborted) throw silent(options.server, options.timeoutMs);
    throw error instanceof OrchestratorError ? error : unreachable(options.server, error);
  } finally {
    clearTimeout(telling);
  }
};

export const createTransport = (options: TransportOptions): Transport => ({
  server: options.server,
  open: (call) => open(options, call),
  text: (call) =>
    within(options, call, async (bounded) => {
      const response = await open(options, bounded);
      return { text: await response.text(), headers: response.headers };
    }),
  bytes: (call) =>
    within(options, call, async (bounded) => {
      const response = await open(options, bounded);
      return { content: new Uint8Array(await response.arrayBuffer()), headers: response.headers };
    }),
  json: <Answer>(call: Call) =>
    within(options, call, async (bounded) => {
      const response = await open(options, bounded);
      const type = response.headers.get('content-type') ?? '';
      if (!type.startsWith('application/json')) {
        await response.body?.cancel();
        throw notOurs(options.server, `status ${response.status}`, type);
      }
      return (await response.json()) as Answer;
    }),
});
