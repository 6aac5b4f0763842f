import type { DeadLetterPage, DiscardAnswer, RedriveAnswer } from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { jobQuery } from '../queries.ts';
import type { Transport } from '../transport.ts';

type DeadLetterCalls = Pick<Client, 'listDeadLetters' | 'redriveDeadLetters' | 'discardDeadLetters'>;

const path = '/api/v1/dead-letters';

export const deadLetterCalls = (transport: Transport): DeadLetterCalls => ({
  listDeadLetters: (query = {}, options = {}) =>
    transport.json<DeadLetterPage>({ ...options, method: 'GET', path, query: jobQuery(query) }),
  redriveDeadLetters: (body, options = {}) =>
    transport.json<RedriveAnswer>({ ...options, method: 'POST', path: `${path}/redrive`, body }),
  discardDeadLetters: (body, options = {}) =>
    transport.json<DiscardAnswer>({ ...options, method: 'POST', path: `${path}/discard`, body }),
});
