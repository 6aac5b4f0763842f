import { OrchestratorError } from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';

/** Where a stream goes on, as its reader last heard; null for a new reader. Throws `bad_cursor`. */
export const lastEventId = (request: FastifyRequest, pattern: RegExp): string | null => {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return null;
  const id = Array.isArray(header) ? header.join(', ') : header;
  if (pattern.test(id)) return id;
  throw new OrchestratorError('bad_cursor', 'The Last-Event-ID is none of this stream.', [
    { field: 'Last-Event-ID', message: 'is not one that this stream gave', value: id.slice(0, 64) },
  ]);
};
