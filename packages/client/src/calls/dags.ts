import type {
  AnswerBody,
  ApprovalPage,
  DagRunDto,
  DagRunPage,
  GivenAnswerDto,
  NodeRunPage,
  RepairedRunDto,
  RepairPlanDto,
  RunChangeDto,
} from '@job-orchestrator/types';
import type { Client } from '../api.ts';
import { queryOf } from '../queries.ts';
import { toRunMessage } from '../run-messages.ts';
import { readMessages, type ReconnectRule } from '../sse/reader.ts';
import { callOptions, keyHeader, segment, type CallOptions, type Transport } from '../transport.ts';

type DagCalls = Pick<
  Client,
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
  | 'planDagRerun'
  | 'followDagRun'
>;

const runPath = (selector: string, rest = ''): string =>
  `/api/v1/dag-runs/${segment(selector, 'selector')}${rest}`;

const answer =
  (transport: Transport, verb: 'approve' | 'reject') =>
  async (selector: string, node: string, body: AnswerBody, options: CallOptions = {}) =>
    transport.json<GivenAnswerDto>({
      ...options,
      method: 'POST',
      path: runPath(selector, `/nodes/${segment(node, 'node')}/${verb}`),
      body,
    });

export const dagCalls = (transport: Transport, rule: ReconnectRule): DagCalls => ({
  followDagRun: (selector, options = {}) => {
    const call = { ...callOptions(options), method: 'GET', path: runPath(selector, '/events') } as const;
    return readMessages(transport, call, toRunMessage, rule, options.onGone);
  },
  listDagRuns: ({ states, ...query } = {}, options = {}) =>
    transport.json<DagRunPage>({
      ...options,
      method: 'GET',
      path: '/api/v1/dag-runs',
      query: queryOf({ ...query, state: states?.join(',') }),
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
  planDagRerun: async (selector, again = {}, options = {}) =>
    transport.json<RepairPlanDto>({
      ...options,
      method: 'POST',
      path: runPath(selector, '/plan'),
      body: again,
    }),
});
