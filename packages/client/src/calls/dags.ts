import type {
  AnswerBody,
  AppliedDagDto,
  ApprovalPage,
  DagPage,
  DagRunDto,
  DagRunPage,
  DagVersionDto,
  GivenAnswerDto,
  NodeRunPage,
  RunChangeDto,
  RunPlanDto,
  RepairedRunDto,
  StartedRunDto,
} from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import { toRunMessage, type RunMessage } from '../run-messages.ts';
import { readStream, type ReconnectRule } from '../sse/reader.ts';
import { callOptions, keyHeader, segment, type CallOptions, type Transport } from '../transport.ts';

type DagCalls = Pick<
  Client,
  | 'applyDag'
  | 'listDags'
  | 'getDag'
  | 'startDagRun'
  | 'planDagRun'
  | 'listDagRuns'
  | 'getDagRun'
  | 'listNodeRuns'
  | 'cancelDagRun'
  | 'pauseDagRun'
  | 'resumeDagRun'
  | 'listApprovals'
  | 'approveNode'
  | 'rejectNode'
  | 'rerunDagRun'
  | 'followDagRun'
>;

const runPath = (selector: string, rest = ''): string =>
  `/api/v1/dag-runs/${segment(selector, 'selector')}${rest}`;

async function* followDagRun(
  transport: Transport,
  rule: ReconnectRule,
  selector: string,
  options: CallOptions,
): AsyncGenerator<RunMessage, void, undefined> {
  const call = { ...callOptions(options), method: 'GET', path: runPath(selector, '/events') } as const;
  for await (const event of readStream(transport, call, (last) => last.event === 'end', rule)) {
    const message = toRunMessage(event);
    if (message !== null) yield message;
  }
}

const answer =
  (transport: Transport, verb: 'approve' | 'reject') =>
  async (selector: string, node: string, body: AnswerBody, options: CallOptions = {}) =>
    transport.json<GivenAnswerDto>({
      ...options,
      method: 'POST',
      path: runPath(selector, `/nodes/${segment(node, 'node')}/${verb}`),
      body,
    });

const definitionCalls = (
  transport: Transport,
): Pick<DagCalls, 'applyDag' | 'listDags' | 'getDag' | 'startDagRun' | 'planDagRun'> => ({
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
      path: `/api/v1/dags/${segment(name, 'name')}`,
      query: queryOf({ project, version }),
    }),
  startDagRun: async (name, { idempotencyKey, project, ...body } = {}, options = {}) =>
    transport.json<StartedRunDto>({
      ...callOptions(options),
      method: 'POST',
      path: `/api/v1/dags/${segment(name, 'name')}/runs`,
      query: queryOf({ project }),
      body,
      headers: keyHeader(idempotencyKey),
    }),
  planDagRun: async (name, { project, ...body } = {}, options = {}) =>
    transport.json<RunPlanDto>({
      ...options,
      method: 'POST',
      path: `/api/v1/dags/${segment(name, 'name')}/plan`,
      query: queryOf({ project }),
      body,
    }),
});

export const dagCalls = (transport: Transport, rule: ReconnectRule): DagCalls => ({
  ...definitionCalls(transport),
  followDagRun: (selector, options = {}) => followDagRun(transport, rule, selector, options),
  listDagRuns: (query = {}, options = {}) =>
    transport.json<DagRunPage>({
      ...options,
      method: 'GET',
      path: '/api/v1/dag-runs',
      query: queryOf({ ...query }),
    }),
  getDagRun: async (selector, options = {}) =>
    transport.json<DagRunDto>({ ...options, method: 'GET', path: runPath(selector) }),
  listNodeRuns: async (selector, query = {}, options = {}) =>
    transport.json<NodeRunPage>({
      ...options,
      method: 'GET',
      path: runPath(selector, '/nodes'),
      query: queryOf({ ...query }),
    }),
  cancelDagRun: async (selector, { reason, ...options } = {}) =>
    transport.json<RunChangeDto>({
      ...options,
      method: 'POST',
      path: runPath(selector, '/cancel'),
      body: reason === undefined ? {} : { reason },
    }),
  pauseDagRun: async (selector, options = {}) =>
    transport.json<RunChangeDto>({ ...options, method: 'POST', path: runPath(selector, '/pause') }),
  resumeDagRun: async (selector, options = {}) =>
    transport.json<RunChangeDto>({ ...options, method: 'POST', path: runPath(selector, '/resume') }),
  listApprovals: (query = {}, options = {}) =>
    transport.json<ApprovalPage>({
      ...options,
      method: 'GET',
      path: '/api/v1/approvals',
      query: queryOf({ ...query }),
    }),
  approveNode: answer(transport, 'approve'),
  rejectNode: answer(transport, 'reject'),
  rerunDagRun: async (selector, { idempotencyKey, ...body } = {}, options = {}) =>
    transport.json<RepairedRunDto>({
      ...callOptions(options),
      method: 'POST',
      path: runPath(selector, '/rerun'),
      body,
      headers: keyHeader(idempotencyKey),
    }),
});
