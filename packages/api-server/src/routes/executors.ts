import { ExecutorListSchema, type ExecutorList } from '@job-orchestrator/types';
import type { ApiContext } from '../context.ts';
import { toExecutor } from '../dto/to-dto.ts';
import { json, type Route } from './route.ts';

const list = async (context: ApiContext): Promise<ExecutorList> => ({
  items: (await context.database.executors.list()).map(toExecutor),
});

export const executorRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/executors',
    operationId: 'listExecutors',
    summary: 'List executors and their leases',
    tag: 'server',
    access: 'token',
    answer: json(ExecutorListSchema, 'All executors that are known.'),
    handle: list,
  },
];
