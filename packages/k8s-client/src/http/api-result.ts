import { storableText } from '@job-orchestrator/types';
import { textOr } from '../system-clock.ts';
import { WithheldError } from './send-guard.ts';

/** The `Status` object that Kubernetes answers errors with; every field may be missing. */
interface ApiStatus {
  readonly kind?: unknown;
  readonly reason?: unknown;
  readonly message?: unknown;
  readonly details?: { readonly retryAfterSeconds?: unknown } | null;
}

/** A request that brought no result. `reason` is Kubernetes' own word (`AlreadyExists`, `Forbidden`), or empty. */
export interface ApiFailure {
  /**
   * `conflict` 409, `not_found` 404, `gone` 410, `too_many` 429, `unauthorized` 401, `refused` any other 4xx:
   * the server answered and did nothing. `server_error` 5xx: it answered, and may have done it; or what answered is no
   * Kubernetes, so that nothing is known.
   * `unreachable`: certain that nothing was sent (no connection, no credentials).
   * `withheld`: the caller's guard forbade it, and nothing was sent.
   * `unresolved`: sent, and the answer was lost. `aborted`: the caller's signal.
   */
  readonly kind:
    | 'conflict'
    | 'not_found'
    | 'gone'
    | 'too_many'
    | 'unauthorized'
    | 'refused'
    | 'server_error'
    | 'unreachable'
    | 'withheld'
    | 'unresolved'
    | 'aborted';
  readonly status: number | null;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

/** What became of a request; nothing here throws. */
export type ApiResult<Body> =
  { readonly kind: 'ok'; readonly status: number; readonly body: Body } | ApiFailure;

/**
 * A load balancer or a proxy on the way has pages of its own: its 404 does not say that a Job is gone, nor its 403 that
 * one is refused. A 401 is no harm, and 429 is plain text of Kubernetes too.
 */
const kindOf = (status: number, ofKubernetes: boolean): ApiFailure['kind'] => {
  switch (status) {
    case 401:
      return 'unauthorized';
    case 429:
      return 'too_many';
    default:
      return ofKubernetes ? kindOfStatus(status) : 'server_error';
  }
};

const kindOfStatus = (status: number): ApiFailure['kind'] => {
  switch (status) {
    case 404:
      return 'not_found';
    case 409:
      return 'conflict';
    case 410:
      return 'gone';
    default:
      return status >= 500 ? 'server_error' : 'refused';
  }
};

const asStatus = (text: string): ApiStatus => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return { message: text.slice(0, 500) };
  }
};

// A server that asks us to wait longer than five minutes is taken at five: nothing may stop us for good.
const longestRetryAfterMs = 300_000;

/** `Retry-After` in milliseconds (seconds or an HTTP date); null when absent or senseless. */
export const parseRetryAfter = (header: string | undefined, nowMs: number): number | null => {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), longestRetryAfterMs) : null;
};

/** A webhook may say as much as it likes. */
const longestMessageChars = 4_096;

const foreignAnswer = (status: number, said: string): string =>
  `HTTP ${status}, not from Kubernetes but from something on the way to it: ${said.replaceAll(/\s+/g, ' ').trim()}`;

/** Classifies an answer that is not 2xx. */
export const failureOf = (
  status: number,
  bodyText: string,
  retryAfter: string | undefined,
  nowMs: number,
): ApiFailure => {
  const body = asStatus(bodyText);
  const kind = kindOf(status, body.kind === 'Status');
  const isForeign = kind === 'server_error' && body.kind !== 'Status';
  const said = textOr(body.message, `HTTP ${status}`).slice(0, longestMessageChars);
  return {
    kind,
    status,
    reason: textOr(body.reason, ''),
    message: storableText(isForeign ? foreignAnswer(status, said) : said),
    retryAfterMs: parseRetryAfter(retryAfter, nowMs),
  };
};

// Faults before the request left us; anything else may have reached the server. (A client that is closed or destroyed says so
// to requests that it had sent as well.)
const unsentCodes = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

// "No route" may also come to a connection that is long in use: only while it is made was nothing sent.
const unsentCalls = new Set(['connect', 'getaddrinfo']);

/** A request that its guard kept back. */
export const withheld: ApiFailure = {
  kind: 'withheld',
  status: null,
  reason: '',
  message: 'not sent: whoever asked for it may not any more',
  retryAfterMs: null,
};

/** Classifies a request that threw. */
export const thrownFailure = (thrown: unknown, aborted: boolean): ApiFailure => {
  if (thrown instanceof WithheldError) return withheld;
  const code = textOr((thrown as { code?: unknown } | null)?.code, '');
  const message = thrown instanceof Error ? thrown.message || code : String(thrown);
  const call = textOr((thrown as { syscall?: unknown } | null)?.syscall, '');
  const unsent = unsentCodes.has(code) || unsentCalls.has(call);
  const kind = aborted ? 'aborted' : unsent ? 'unreachable' : 'unresolved';
  return { kind, status: null, reason: code, message, retryAfterMs: null };
};
