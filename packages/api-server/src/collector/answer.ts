import { toProblemDetails, type Logger, type OrchestratorError } from '@job-orchestrator/types';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { securityHeaders } from '../http/headers.ts';
import { toOrchestratorError } from '../http/problems.ts';

const send = (response: ServerResponse, status: number, contentType: string, body: object): void => {
  const text = JSON.stringify(body);
  // One output is all that a collector has to say.
  const headers = { ...securityHeaders, 'content-type': contentType, connection: 'close' };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  response.end(text);
};

/** The output is in: 201 the first time, 200 for the same again. */
export const sendAnswer = (response: ServerResponse, answer: 'accepted' | 'repeated'): void =>
  send(response, answer === 'accepted' ? 201 : 200, 'application/json', { output: answer });

/** Sends what was thrown as problem+json; the rest of a body that was refused unread is not read. */
export const sendRefusal = (
  log: Logger,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
): void => {
  const error: OrchestratorError = toOrchestratorError(thrown);
  if (error.code === 'internal') log.error({ err: thrown }, 'a delivery failed by a fault of ours');
  else log.debug({ url: request.url, code: error.code, detail: error.message }, 'a delivery was refused');
  if (response.destroyed) return;
  send(response, error.status, 'application/problem+json; charset=utf-8', toProblemDetails(error));
  if (!request.complete) response.once('finish', () => request.destroy());
};
