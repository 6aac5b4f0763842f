import { applyDag, planRun, startRun } from '@job-orchestrator/operations';
import {
  AppliedDagSchema,
  DagPageSchema,
  limits,
  Name,
  RunPlanSchema,
  schemaProblems,
  StartedRunSchema,
  type AppliedDagDto,
  type DagPage,
  type JsonObject,
  type PageRequest,
  type RunPlanDto,
  type StartedRunDto,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toDagSummary } from '../dto/dag-dto.ts';
import { optionalBody, requiredBody } from '../http/body.ts';
import { idempotencyKey } from '../input/idempotency-key.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import {
  NameParams,
  parameterReader,
  parameters,
  ProjectQuery,
  readName,
  readProject,
  refuse,
} from '../input/parameters.ts';
import { writeContext } from '../input/reason.ts';
import { json, type Route } from './route.ts';

const DagListQuery = parameters({ project: Type.Optional(Name), ...pageParameters });
const readDagList = parameterReader(DagListQuery);

/** The header of requests that may be repeated. */
export const IdempotentHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.idempotencyKeyChars,
      description: 'The same key with the same body does it once.',
    }),
  ),
});

export const NoCache = Type.Optional(
  Type.Boolean({ description: 'True: nodes with `cache` run, whatever results there are.' }),
);

const StartBody = Type.Object(
  {
    inputs: Type.Optional(Type.Record(Type.String(), Type.Any())),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
    noCache: NoCache,
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: limits.reasonChars })),
  },
  { additionalProperties: false, $id: 'StartRun', title: 'What a run begins with' },
);
const PlanBody = Type.Object(
  {
    inputs: Type.Optional(Type.Record(Type.String(), Type.Any())),
    version: Type.Optional(Type.Integer({ minimum: 1 })),
  },
  { additionalProperties: false, $id: 'PlanRun', title: 'What a run would begin with' },
);
const planProblems = schemaProblems(PlanBody);
const startProblems = schemaProblems(StartBody);

/** The key of a request whose address says as much as its body. */
export const keyOf = (request: FastifyRequest, what: string, body: unknown) =>
  idempotencyKey(
    request.headers['idempotency-key'],
    createHash('sha256')
      .update(`${what} ${JSON.stringify(body)}`)
      .digest('hex'),
  );

const apply = async (context: ApiContext, request: FastifyRequest): Promise<AppliedDagDto> => {
  const { value } = requiredBody(request);
  return applyDag(context.operations, value, writeContext('applied by a user'));
};

const list = async (context: ApiContext, request: FastifyRequest): Promise<DagPage> => {
  const query = readDagList(request.query);
  const project = query.project ?? null;
  const read = (page: PageRequest) => context.database.dags.list(project, page);
  return readPage(listKey('dags', { project }), query, read, toDagSummary);
};

const start = async (context: ApiContext, request: FastifyRequest): Promise<StartedRunDto> => {
  const { name } = readName(request.params);
  const project = readProject(request.query).project ?? 'default';
  const body = optionalBody(request);
  refuse(startProblems(body));
  const { inputs = {}, version = null, noCache = false, reason } = body as Static<typeof StartBody>;
  const why = writeContext('started by a user', reason === undefined ? {} : { reason });
  const wanted = { project, name, version, inputs: inputs as JsonObject, noCache };
  return startRun(context.operations, wanted, why, keyOf(request, `run ${project}/${name}`, body));
};

/** Nothing is written: nobody's key or reason is needed. */
const plan = async (context: ApiContext, request: FastifyRequest): Promise<RunPlanDto> => {
  const { name } = readName(request.params);
  const project = readProject(request.query).project ?? 'default';
  const body = optionalBody(request);
  refuse(planProblems(body));
  const { inputs = {}, version = null } = body as Static<typeof PlanBody>;
  return planRun(context.operations, { project, name, version, inputs: inputs as JsonObject });
};

export const dagRoutes: readonly Route[] = [
  {
    method: 'POST',
    url: '/api/v1/dags',
    operationId: 'applyDag',
    summary: 'Store a definition as a new version, unless the newest one says the same',
    tag: 'dags',
    access: 'token',
    body: Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true }),
    answer: json(AppliedDagSchema, 'The version that the definition is.'),
    handle: apply,
  },
  {
    method: 'GET',
    url: '/api/v1/dags',
    operationId: 'listDags',
    summary: 'List DAGs at their newest versions',
    tag: 'dags',
    access: 'token',
    query: DagListQuery,
    answer: json(DagPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'POST',
    url: '/api/v1/dags/:name/runs',
    operationId: 'startDagRun',
    summary: 'Start a run',
    tag: 'dags',
    access: 'token',
    params: NameParams,
    query: ProjectQuery,
    headers: IdempotentHeaders,
    body: StartBody,
    answer: json(StartedRunSchema, 'The run exists.', 201),
    handle: start,
  },
  {
    method: 'POST',
    url: '/api/v1/dags/:name/plan',
    operationId: 'planDagRun',
    summary: 'Say what a run would do, and why it would be refused; nothing is written',
    tag: 'dags',
    access: 'token',
    params: NameParams,
    query: ProjectQuery,
    body: PlanBody,
    answer: json(RunPlanSchema, 'The plan.'),
    handle: plan,
  },
];
