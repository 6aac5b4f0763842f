import { answerApproval } from '@job-orchestrator/operations';
import {
  AnswerBodySchema,
  ApprovalPageSchema,
  GivenAnswerSchema,
  Name,
  schemaProblems,
  type AnswerBody,
  type ApprovalAnswer,
  type ApprovalPage,
  type GivenAnswerDto,
  type PageRequest,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toApprovalSummary, toGivenAnswer } from '../dto/dag-dto.ts';
import { requiredBody } from '../http/body.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import { parameterReader, parameters, refuse } from '../input/parameters.ts';
import { RunParams, selectedRun } from './dag-runs.ts';
import { json, type Route } from './route.ts';

const ListQuery = parameters({ project: Type.Optional(Name), dag: Type.Optional(Name), ...pageParameters });
const readList = parameterReader(ListQuery);

const NodeParams = parameters({
  ...RunParams.properties,
  node: Type.String({ description: 'The name of an approval node.' }),
});

const list = async (context: ApiContext, request: FastifyRequest): Promise<ApprovalPage> => {
  const query = readList(request.query);
  const { project = null, dag = null } = query;
  const read = (page: PageRequest) => context.database.dags.listApprovals({ project, dag }, page);
  return readPage(listKey('approvals', { project, dag }), query, read, toApprovalSummary);
};

const bodyProblems = schemaProblems(AnswerBodySchema);

const answer =
  (how: ApprovalAnswer) =>
  async (context: ApiContext, request: FastifyRequest): Promise<GivenAnswerDto> => {
    const { value } = requiredBody(request);
    refuse(bodyProblems(value));
    const { by, note = '' } = value as unknown as AnswerBody;
    const { node } = request.params as { readonly node: string };
    const run = await selectedRun(context, request);
    return toGivenAnswer(
      await answerApproval(context.operations, run, node, how, { actor: by, reason: note }),
    );
  };

const oneNode = { tag: 'dags', access: 'token', params: NodeParams, body: AnswerBodySchema } as const;
const given = json(GivenAnswerSchema, 'The answer that counts: this one, or the same one given before.');

export const approvalRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/approvals',
    operationId: 'listApprovals',
    summary: 'List what waits for an answer, of the newest runs first',
    tag: 'dags',
    access: 'token',
    query: ListQuery,
    answer: json(ApprovalPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/nodes/:node/approve',
    operationId: 'approveNode',
    summary: 'Let a node that waits for a person go on',
    ...oneNode,
    answer: given,
    handle: answer('approved'),
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/nodes/:node/reject',
    operationId: 'rejectNode',
    summary: 'Fail a node that waits for a person',
    ...oneNode,
    answer: given,
    handle: answer('rejected'),
  },
];
