import { OrchestratorError, toProblemDetails } from '@job-orchestrator/types';
import type { Socket } from 'node:net';

const details: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'The headers are larger than 16 KiB.',
  ERR_HTTP_REQUEST_TIMEOUT: 'The request took too long to arrive.',
};

/** Answers what Node's parser could not read as HTTP at all, so that even this is problem+json. */
export const answerUnreadable = (error: Error & { readonly code?: string }, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const detail = details[error.code ?? ''] ?? 'The request is not HTTP/1.1.';
  const body = JSON.stringify(toProblemDetails(new OrchestratorError('malformed_request', detail)));
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
};
