import { limits, OrchestratorError } from '@job-orchestrator/types';
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whom the server trusts. */
export interface Trust {
  /** sha-256 of the bearer token; null: no token is asked for (loopback only). */
  readonly tokenDigest: Buffer | null;
  /** Names that the `Host` header may carry; null: any, where the server listens on all addresses and asks a token. */
  readonly hosts: ReadonlySet<string> | null;
}

/** Headers as Node gives them: lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The trust that a server's token and addresses ask for. */
export const trustOf = (token: string | null, hosts: ReadonlySet<string> | null): Trust => ({
  tokenDigest: token === null ? null : digest(token),
  hosts,
});

/** Names by which a browser or a tool on this machine reaches a server that listens on loopback. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

const hostPattern = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+?)\.?(?::\d{1,5})?$/;

/** The name in a `Host` header, without port; null when it is malformed. */
export const hostName = (header: string): string | null =>
  hostPattern.exec(header.toLowerCase())?.[1] ?? null;

const single = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header;

const forbidden = (detail: string, field: string, value: string): OrchestratorError =>
  new OrchestratorError('forbidden_origin', detail, [
    { field, message: 'is not trusted', value: value.slice(0, 255) },
  ]);

/** DNS rebinding: a page whose name was turned to our address still sends its own name as `Host`. */
const checkHost = (trust: Trust, host: string): void => {
  const name = hostName(host);
  if (name !== null && (trust.hosts === null || trust.hosts.has(name))) return;
  throw forbidden(
    `The Host ${JSON.stringify(host.slice(0, 255))} is none of this server's names.`,
    'Host',
    host,
  );
};

/** Browsers say where a request comes from; only our own pages may send any. Tools send neither header. */
const checkOrigin = (headers: Headers, host: string): void => {
  const site = single(headers['sec-fetch-site']);
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    throw forbidden('A page of another site sent this request.', 'Sec-Fetch-Site', site);
  const origin = single(headers['origin']);
  if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return;
  throw forbidden('A page of another origin sent this request.', 'Origin', origin);
};

/** Compares digests, so that neither content nor length of the token shows in the time it takes. */
const checkToken = (tokenDigest: Buffer, header: string | undefined): void => {
  const given = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), tokenDigest)) return;
  throw new OrchestratorError(
    'unauthorized',
    given === undefined ? 'The request carries no bearer token.' : 'The token is not the one of this server.',
  );
};

/** A body that says itself that it is too large is refused before anybody reads it, or asks who sends it. */
export const checkLength = (headers: Headers): void => {
  const length = Number(single(headers['content-length']) ?? 0);
  if (length <= limits.bodyBytes) return;
  throw bodyTooLarge(String(length));
};

export const bodyTooLarge = (value?: string): OrchestratorError =>
  new OrchestratorError('body_too_large', `The body is larger than ${limits.bodyBytes} bytes.`, [
    {
      field: 'body',
      message: `must be at most ${limits.bodyBytes} bytes`,
      limit: limits.bodyBytes,
      ...(value === undefined ? {} : { value }),
    },
  ]);

/**
 * Refuses a request before its body is read: too large, from a place that is not trusted, or without the token.
 * `access` is that of the matched route; requests that match none need the token too.
 */
export const guard = (trust: Trust, headers: Headers, access: 'public' | 'token'): void => {
  checkLength(headers);
  const host = single(headers['host']) ?? '';
  checkHost(trust, host);
  checkOrigin(headers, host);
  if (trust.tokenDigest !== null && access === 'token')
    checkToken(trust.tokenDigest, single(headers['authorization']));
};
