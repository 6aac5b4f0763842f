import { decodeJson, limits, OrchestratorError, type JsonValue } from '@job-orchestrator/types';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { wrongMediaType } from './problems.ts';

/** A decoded body and the sha-256 (hex) of its bytes, which is the fingerprint of an Idempotency-Key. */
export interface Body {
  readonly value: JsonValue;
  readonly fingerprint: string;
}

const decode = (request: FastifyRequest, bytes: Buffer): Body => {
  const encoding = request.headers['content-encoding'];
  // An unpacked body could be any size; nobody who sends JSON to an API of ours needs that.
  if (encoding !== undefined && encoding !== 'identity')
    throw wrongMediaType(`The body must not be compressed (Content-Encoding: ${encoding}).`);
  return { value: decodeJson(bytes), fingerprint: createHash('sha256').update(bytes).digest('hex') };
};

/** The one decoder of bodies: strict JSON, nothing else. An empty body is no body. */
export const acceptOnlyJson = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'buffer', bodyLimit: limits.bodyBytes } as const;
  app.addContentTypeParser('application/json', options, async (request: FastifyRequest, bytes: Buffer) =>
    bytes.length === 0 ? undefined : decode(request, bytes),
  );
};

/** The body of a request that cannot do without one. Throws `malformed_json`. */
export const requiredBody = (request: FastifyRequest): Body => {
  const body = request.body as Body | undefined;
  if (body !== undefined) return body;
  throw new OrchestratorError('malformed_json', 'The request has no body; JSON is expected.', [
    { field: 'body', message: 'is required' },
  ]);
};

/** The body's value, or an empty object where there is none. */
export const optionalBody = (request: FastifyRequest): JsonValue =>
  (request.body as Body | undefined)?.value ?? {};
