import type {
  AppliedDagDto,
  DagPage,
  DagVersionDto,
  DagVersionPage,
  DeletedDagDto,
  RunPlanDto,
  StartedRunDto,
} from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import { callOptions, keyHeader, segment, type Transport } from '../transport.ts';

type DefinitionCalls = Pick<
  Client,
  'applyDag' | 'listDags' | 'getDag' | 'listDagVersions' | 'deleteDag' | 'startDagRun' | 'planDagRun'
>;

const dagPath = (name: string, rest = ''): string => `/api/v1/dags/${segment(name, 'name')}${rest}`;

export const dagDefinitionCalls = (transport: Transport): DefinitionCalls => ({
  applyDag: (document, options = {}) =>
    transport.json<AppliedDagDto>({ ...options, method: 'POST', path: '/api/v1/dags', body: document }),
  listDags: (query = {}, options = {}) =>
    transport.json<DagPage>({
      ...options,
      method: 'GET',
      path: '/api/v1/dags',
      query: queryOf({ ...query }),
    }),
  getDag: async (name, { project, version, ...options } = {}) =>
    transport.json<DagVersionDto>({
      ...options,
      method: 'GET',
      path: dagPath(name),
      query: queryOf({ project, version }),
    }),
  listDagVersions: async (name, query = {}, options = {}) =>
    transport.json<DagVersionPage>({
      ...options,
      method: 'GET',
      path: dagPath(name, '/versions'),
      query: queryOf({ ...query }),
    }),
  deleteDag: async (name, options = {}) =>
    transport.json<DeletedDagDto>({
      ...callOptions(options),
      method: 'DELETE',
      path: dagPath(name),
      query: queryOf({ project: options.project }),
    }),
  startDagRun: async (name, { idempotencyKey, project, ...body } = {}, options = {}) =>
    transport.json<StartedRunDto>({
      ...callOptions(options),
      method: 'POST',
      path: dagPath(name, '/runs'),
      query: queryOf({ project }),
      body,
      headers: keyHeader(idempotencyKey),
    }),
  planDagRun: async (name, { project, ...body } = {}, options = {}) =>
    transport.json<RunPlanDto>({
      ...options,
      method: 'POST',
      path: dagPath(name, '/plan'),
      query: queryOf({ project }),
      body,
    }),
});
