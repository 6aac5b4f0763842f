import type { ExecutorList, InstallationDto, Readiness } from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import type { Transport } from '../transport.ts';

/** What the installation is and who works in it. */
export const serverCalls = (
  transport: Transport,
): Pick<Client, 'listExecutors' | 'installation' | 'readyz'> => ({
  listExecutors: (options = {}) =>
    transport.json<ExecutorList>({ ...options, method: 'GET', path: '/api/v1/executors' }),
  installation: (options = {}) =>
    transport.json<InstallationDto>({ ...options, method: 'GET', path: '/api/v1/installation' }),
  readyz: (options = {}) =>
    transport.json<Readiness>({
      ...options,
      method: 'GET',
      path: '/readyz',
      query: queryOf({ verbose: true }),
      alsoStatus: 503,
    }),
});
