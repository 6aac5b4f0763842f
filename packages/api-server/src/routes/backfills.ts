import {
  cancelBackfill,
  planBackfill,
  readBackfill,
  startBackfill,
  type BackfillRequest,
} from '@job-orchestrator/operations';
import {
  BackfillPageSchema,
  BackfillPlanSchema,
  BackfillSchema,
  BackfillSubmissionSchema,
  CancelledBackfillSchema,
  Name,
  schemaProblems,
  type BackfillDto,
  type BackfillPage,
  type BackfillPlanDto,
  type BackfillSubmission,
  type CancelledBackfillDto,
  type PageRequest,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toBackfill, toBackfillPlan } from '../dto/schedule-dto.ts';
import { optionalBody, requiredBody } from '../http/body.ts';
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
import { ReasonBody, writeContext } from '../input/reason.ts';
import { IdempotentHeaders, keyOf } from './dags.ts';
import { json, type Route } from './route.ts';

const SelectorParams = parameters({
  selector: Type.String({
    description: 'A full id, a unique beginning or end of one (4 characters or more), or `@latest`.',
  }),
});
const BackfillListQuery = parameters({
  project: Type.Optional(Name),
  dag: Type.Optional(Name),
  ...pageParameters,
});
const readList = parameterReader(BackfillListQuery);
const submissionProblems = schemaProblems(BackfillSubmissionSchema);

const selectorOf = (request: FastifyRequest): string =>
  (request.params as { readonly selector: string }).selector;

const requestOf = (project: string, dag: string, body: BackfillSubmission): BackfillRequest => ({
  project,
  dag,
  schedule: body.schedule ?? null,
  from: body.from,
  to: body.to,
  rerun: body.rerun ?? 'none',
  inputs: body.inputs ?? {},
  maxParallel: body.maxParallel ?? 1,
});

const start = async (context: ApiContext, request: FastifyRequest): Promise<BackfillPlanDto> => {
  const { name } = readName(request.params);
  const project = readProject(request.query).project ?? 'default';
  const { value } = requiredBody(request);
  refuse(submissionProblems(value));
  const body = value as BackfillSubmission;
  const wanted = requestOf(project, name, body);
  if (body.dryRun === true) {
    const plan = await planBackfill(context.operations, wanted);
    return toBackfillPlan(plan, wanted.maxParallel, { id: null, replayed: false });
  }
  const why = writeContext('backfilled by a user', body.reason === undefined ? {} : { reason: body.reason });
  const key = keyOf(request, `backfill ${project}/${name}`, body);
  const started = await startBackfill(context.operations, wanted, why, key);
  return toBackfillPlan(started, wanted.maxParallel, started);
};

const list = async (context: ApiContext, request: FastifyRequest): Promise<BackfillPage> => {
  const query = readList(request.query);
  const { project = null, dag = null } = query;
  const read = (page: PageRequest) => context.database.schedules.listBackfills(project, dag, page);
  return readPage(listKey('backfills', { project, dag }), query, read, toBackfill);
};

const get = async (context: ApiContext, request: FastifyRequest): Promise<BackfillDto> =>
  toBackfill(await readBackfill(context.operations, selectorOf(request)));

const cancel = async (context: ApiContext, request: FastifyRequest): Promise<CancelledBackfillDto> => {
  const why = writeContext('cancelled by a user', optionalBody(request));
  const { accepted, backfill } = await cancelBackfill(context.operations, selectorOf(request), why);
  return { answer: accepted ? 'accepted' : 'too_late', backfill: toBackfill(backfill) };
};

const oneBackfill = { tag: 'dags', access: 'token', params: SelectorParams } as const;

export const backfillRoutes: readonly Route[] = [
  {
    method: 'POST',
    url: '/api/v1/dags/:name/backfills',
    operationId: 'startBackfill',
    summary: 'Run a DAG for past times of its schedule; with dryRun only tell which',
    tag: 'dags',
    access: 'token',
    params: NameParams,
    query: ProjectQuery,
    headers: IdempotentHeaders,
    body: BackfillSubmissionSchema,
    answer: json(BackfillPlanSchema, 'The times, and the backfill that was started.'),
    handle: start,
  },
  {
    method: 'GET',
    url: '/api/v1/backfills',
    operationId: 'listBackfills',
    summary: 'List backfills, newest first',
    tag: 'dags',
    access: 'token',
    query: BackfillListQuery,
    answer: json(BackfillPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/backfills/:selector',
    operationId: 'getBackfill',
    summary: 'Read a backfill with the counts of its runs',
    ...oneBackfill,
    answer: json(BackfillSchema, 'The backfill.'),
    handle: get,
  },
  {
    method: 'POST',
    url: '/api/v1/backfills/:selector/cancel',
    operationId: 'cancelBackfill',
    summary: 'Start no more of its runs and cancel those that are open',
    ...oneBackfill,
    body: ReasonBody,
    answer: json(CancelledBackfillSchema, 'Whether it will end cancelled, or had ended already.'),
    handle: cancel,
  },
];
