import {
  cancelRun,
  findRun,
  planRerun,
  readRun,
  rerun,
  setRunPaused,
  type RerunFrom,
} from '@job-orchestrator/operations';
import {
  dagRunStates,
  DagRunPageSchema,
  DagRunSchema,
  limits,
  Name,
  NodeRunPageSchema,
  RepairPlanSchema,
  RunChangeSchema,
  schemaProblems,
  RepairedRunSchema,
  type DagRunDto,
  type DagRunFilter,
  type DagRunId,
  type DagRunPage,
  type JsonObject,
  type NodeRunPage,
  type PageRequest,
  type RepairedRunDto,
  type RepairPlanDto,
  type RunChangeDto,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type, type Static } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toDagRun, toNodeRun, toRunChange } from '../dto/dag-dto.ts';
import { optionalBody } from '../http/body.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import { parameterReader, parameters, refuse } from '../input/parameters.ts';
import { ReasonBody, writeContext } from '../input/reason.ts';
import { readStates, statesParameter } from '../input/states.ts';
import { IdempotentHeaders, keyOf, NoCache } from './dags.ts';
import { json, type Route } from './route.ts';

export const RunParams = parameters({
  selector: Type.String({
    description: 'A full id, a unique beginning or end of one (4 characters or more), or `@latest`.',
  }),
});

const RunListQuery = parameters({
  project: Type.Optional(Name),
  dag: Type.Optional(Name),
  state: statesParameter(dagRunStates),
  nested: Type.Optional(
    Type.Boolean({ description: 'True: runs of sub-DAGs too; unless given, only runs that people started.' }),
  ),
  parent: Type.Optional(Type.String({ description: 'Only the runs of sub-DAGs of this run: a selector.' })),
  ...pageParameters,
});
const readRunList = parameterReader(RunListQuery);
const NodeListQuery = parameters({ ...pageParameters });
const readNodeList = parameterReader(NodeListQuery);

const whatAgain = {
  from: Type.Optional(
    Type.String({
      description: 'Run this node again and all that depends on it; unless given, what failed.',
    }),
  ),
  inputs: Type.Optional(
    Type.Record(Type.String(), Type.Any(), {
      description:
        'All inputs of the new run; unless given, those of the old one. Nodes that read one with another value run again too.',
    }),
  ),
};

const RerunBody = Type.Object(
  {
    ...whatAgain,
    noCache: NoCache,
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: limits.reasonChars })),
  },
  { additionalProperties: false, $id: 'Rerun', title: 'What of an ended run to run again' },
);
const rerunProblems = schemaProblems(RerunBody);
const RerunPlanBody = Type.Object(whatAgain, {
  additionalProperties: false,
  $id: 'PlanRerun',
  title: 'What of an ended run would be run again',
});
const rerunPlanProblems = schemaProblems(RerunPlanBody);

const rerunFrom = (from: string | undefined): RerunFrom =>
  from === undefined ? { kind: 'failed' } : { kind: 'node', name: from };

/** Throws `dag_run_not_found`, `dag_run_ambiguous`. */
export const selectedRun = (context: ApiContext, request: FastifyRequest): Promise<DagRunId> =>
  findRun(context.operations, (request.params as { readonly selector: string }).selector);

const list = async (context: ApiContext, request: FastifyRequest): Promise<DagRunPage> => {
  const query = readRunList(request.query);
  const { project = null, dag = null, nested = false } = query;
  const of = query.parent === undefined ? null : await findRun(context.operations, query.parent);
  const parent: DagRunFilter['parent'] = of ?? (nested ? 'any' : 'top');
  const filter = { project, dag, states: readStates(dagRunStates, query.state), parent };
  const read = (page: PageRequest) => context.database.dags.listRuns(filter, page);
  return readPage(listKey('dag-runs', filter), query, read, toDagRun);
};

const get = async (context: ApiContext, request: FastifyRequest): Promise<DagRunDto> =>
  toDagRun(await readRun(context.operations, await selectedRun(context, request)));

const nodes = async (context: ApiContext, request: FastifyRequest): Promise<NodeRunPage> => {
  const { id } = await readRun(context.operations, await selectedRun(context, request));
  const query = readNodeList(request.query);
  const read = (page: PageRequest) => context.database.dags.listNodeRuns(id, page);
  return readPage(listKey('node-runs', { id }), query, read, toNodeRun);
};

const cancel = async (context: ApiContext, request: FastifyRequest): Promise<RunChangeDto> => {
  const why = writeContext('cancelled by a user', optionalBody(request));
  return toRunChange(await cancelRun(context.operations, await selectedRun(context, request), why));
};

const setPaused =
  (paused: boolean) =>
  async (context: ApiContext, request: FastifyRequest): Promise<RunChangeDto> =>
    toRunChange(await setRunPaused(context.operations, await selectedRun(context, request), paused));

const again = async (context: ApiContext, request: FastifyRequest): Promise<RepairedRunDto> => {
  const body = optionalBody(request);
  refuse(rerunProblems(body));
  const { from, inputs, noCache = false, reason } = body as Static<typeof RerunBody>;
  const id = await selectedRun(context, request);
  const why = writeContext('run again by a user', reason === undefined ? {} : { reason });
  return rerun(
    context.operations,
    id,
    rerunFrom(from),
    { inputs: (inputs as JsonObject | undefined) ?? null, noCache },
    why,
    keyOf(request, `rerun ${id}`, body),
  );
};

/** Nothing is written: nobody's key or reason is needed. */
const planAgain = async (context: ApiContext, request: FastifyRequest): Promise<RepairPlanDto> => {
  const body = optionalBody(request);
  refuse(rerunPlanProblems(body));
  const { from, inputs = null } = body as Static<typeof RerunPlanBody>;
  const id = await selectedRun(context, request);
  return planRerun(context.operations, id, rerunFrom(from), inputs as JsonObject | null);
};

/** What all routes of one run share. */
export const oneRun = { tag: 'dags', access: 'token', params: RunParams } as const;

export const dagRunRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/dag-runs',
    operationId: 'listDagRuns',
    summary: 'List runs, newest first',
    tag: 'dags',
    access: 'token',
    query: RunListQuery,
    answer: json(DagRunPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/dag-runs/:selector',
    operationId: 'getDagRun',
    summary: 'Read a run',
    ...oneRun,
    answer: json(DagRunSchema, 'The run.'),
    handle: get,
  },
  {
    method: 'GET',
    url: '/api/v1/dag-runs/:selector/nodes',
    operationId: 'listNodeRuns',
    summary: 'List the nodes of a run in the order of the graph, with their items',
    ...oneRun,
    query: NodeListQuery,
    answer: json(NodeRunPageSchema, 'One page.'),
    handle: nodes,
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/cancel',
    operationId: 'cancelDagRun',
    summary: 'Ask for the end of a run; its finally nodes still run, unless asked twice',
    ...oneRun,
    body: ReasonBody,
    answer: json(RunChangeSchema, 'Whether it will end cancelled, or had ended already.'),
    handle: cancel,
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/pause',
    operationId: 'pauseDagRun',
    summary: 'Start no more nodes; what runs goes on',
    ...oneRun,
    answer: json(RunChangeSchema, 'The run is paused.'),
    handle: setPaused(true),
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/resume',
    operationId: 'resumeDagRun',
    summary: 'Start nodes again',
    ...oneRun,
    answer: json(RunChangeSchema, 'The run goes on.'),
    handle: setPaused(false),
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/rerun',
    operationId: 'rerunDagRun',
    summary: 'Run parts of an ended run again, as a new run that keeps the ends of the others',
    ...oneRun,
    headers: IdempotentHeaders,
    body: RerunBody,
    answer: json(RepairedRunSchema, 'The new run exists.', 201),
    handle: again,
  },
  {
    method: 'POST',
    url: '/api/v1/dag-runs/:selector/plan',
    operationId: 'planDagRerun',
    summary: 'Say what a rerun would run again, and why it would be refused; nothing is written',
    ...oneRun,
    body: RerunPlanBody,
    answer: json(RepairPlanSchema, 'The plan.'),
    handle: planAgain,
  },
];
