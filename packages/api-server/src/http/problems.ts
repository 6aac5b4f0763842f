import {
  isOrchestratorError,
  OrchestratorError,
  toProblemDetails,
  type Logger,
} from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bodyTooLarge } from './guards.ts';
import { securityHeaders } from './headers.ts';

const fromFramework: Readonly<Record<string, (message: string) => OrchestratorError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () => bodyTooLarge(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => wrongMediaType(),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new OrchestratorError('malformed_request', 'The body is not as long as Content-Length says.'),
  FST_ERR_BAD_URL: () =>
    new OrchestratorError(
      'malformed_request',
      'The address has a percent sign that begins no escape of UTF-8.',
    ),
  FST_ERR_MAX_PARAM_LENGTH: () =>
    new OrchestratorError('route_not_found', 'A part of the address is longer than any name or id.'),
};

export const wrongMediaType = (detail = 'The body must be application/json.'): OrchestratorError =>
  new OrchestratorError('unsupported_media_type', detail);

const frameworkCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** The error to send for whatever was thrown; faults of ours tell nothing of their inside. */
export const toOrchestratorError = (error: unknown): OrchestratorError => {
  if (isOrchestratorError(error)) return error;
  const known = fromFramework[frameworkCode(error)];
  if (known !== undefined) return known(error instanceof Error ? error.message : '');
  return new OrchestratorError('internal', 'Something went wrong here.', [], { cause: error });
};

/** Headers that tell how to go on: when to come again, how to log in. */
const remedyHeaders = (error: OrchestratorError): Record<string, string> => {
  if (error.code === 'unauthorized') return { 'www-authenticate': 'Bearer' };
  // A full topic empties in the time of a job, a database that restarts in seconds.
  if (error.status === 429) return { 'retry-after': '5' };
  return error.status === 503 ? { 'retry-after': '1' } : {};
};

/** The rest of a body that was refused unread is not read either: the connection ends with the answer. */
const leavesBody = (error: OrchestratorError): boolean =>
  error.code === 'body_too_large' || error.code === 'unauthorized' || error.code === 'forbidden_origin';

/** Sends an error as problem+json (RFC 9457). */
export const sendProblem = (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): FastifyReply => {
  const known = toOrchestratorError(error);
  if (known.code === 'internal')
    log.error(
      { requestId: request.id, method: request.method, route: request.routeOptions?.url, err: error },
      'fault',
    );
  reply.headers({ ...securityHeaders, 'x-request-id': request.id, ...remedyHeaders(known) });
  if (leavesBody(known) && request.raw.headers['content-length'] !== '0') reply.header('connection', 'close');
  return reply
    .code(known.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(JSON.stringify(toProblemDetails(known, request.id)));
};
