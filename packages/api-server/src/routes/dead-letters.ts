import { discardDeadLetters, findJob, redriveDeadLetters } from '@job-orchestrator/operations';
import {
  deadLetterFilter,
  DeadLetterPageSchema,
  DiscardAnswerSchema,
  DiscardRequestSchema,
  invalidInput,
  limits,
  RedriveAnswerSchema,
  RedriveRequestSchema,
  schemaProblems,
  type DeadLetterFilter,
  type DeadLetterPage,
  type DiscardAnswer,
  type DiscardRequest,
  type PageRequest,
  type RedriveAnswer,
  type RedriveRequest,
  type WriteContext,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toDeadLetter } from '../dto/to-dto.ts';
import { requiredBody } from '../http/body.ts';
import { readLabels } from '../input/job-filter.ts';
import { listKey, pageParameters, readPage } from '../input/pages.ts';
import { parameterReader, parameters, refuse } from '../input/parameters.ts';
import { json, type Route } from './route.ts';

const ListQuery = parameters({
  ...deadLetterFilter,
  label: Type.Optional(
    Type.Array(Type.String({ description: 'KEY=VALUE' }), { maxItems: limits.labelCount }),
  ),
  ...pageParameters,
});
const readList = parameterReader(ListQuery);

type Narrowing = Pick<RedriveRequest, 'project' | 'topic' | 'image' | 'category' | 'failure'>;

const filterOf = (
  { project, topic, image, category, failure }: Narrowing,
  labels: Readonly<Record<string, string>>,
): DeadLetterFilter => ({
  jobs: null,
  project: project ?? null,
  topic: topic ?? null,
  image: image ?? null,
  labels,
  category: category ?? null,
  reason: failure ?? null,
});

const list = async (context: ApiContext, request: FastifyRequest): Promise<DeadLetterPage> => {
  const query = readList(request.query);
  const filter = filterOf(query, readLabels(query.label));
  const read = (page: PageRequest) => context.database.deadLetters.list(filter, page);
  return readPage(listKey('dead-letters', filter), query, read, toDeadLetter);
};

const narrowing = ['jobs', 'project', 'topic', 'image', 'category', 'failure', 'labels'] as const;

/** A request that narrows nothing means every dead letter there is, which has to be said. */
const refuseUnmeant = (request: DiscardRequest): void => {
  // Labels without any entry narrow nothing.
  const { all, labels = {} } = request;
  const given = narrowing.some((name) => name !== 'labels' && request[name] !== undefined);
  if (all === true || given || Object.keys(labels).length > 0) return;
  throw invalidInput([
    { field: 'all', message: `must be true where none of ${narrowing.join(', ')} narrows the dead letters` },
  ]);
};

/** Only where nothing is decided is there nothing to give a reason for. */
const reasonOf = ({ dryRun, reason }: DiscardRequest): string => {
  if (reason !== undefined) return reason;
  if (dryRun === true) return 'dry run';
  throw invalidInput([{ field: 'reason', message: 'is required; only with dryRun may it be left out' }]);
};

/** What both requests select, and who decides it and why. */
const read = async <Request extends DiscardRequest>(
  context: ApiContext,
  request: Request,
): Promise<{
  readonly selection: Parameters<typeof redriveDeadLetters>[1];
  readonly why: WriteContext;
}> => {
  refuseUnmeant(request);
  const reason = reasonOf(request);
  const { jobs, labels, limit, dryRun, by } = request;
  const ids =
    jobs === undefined
      ? null
      : await Promise.all(jobs.map((selector) => findJob(context.operations, selector)));
  const filter = { ...filterOf(request, labels ?? {}), jobs: ids };
  const selection = {
    filter,
    ...(limit === undefined ? {} : { limit }),
    ...(dryRun === undefined ? {} : { dryRun }),
  };
  return { selection, why: { actor: by, reason } };
};

const redriveProblems = schemaProblems(RedriveRequestSchema);
const discardProblems = schemaProblems(DiscardRequestSchema);

const redrive = async (context: ApiContext, request: FastifyRequest): Promise<RedriveAnswer> => {
  const { value } = requiredBody(request);
  refuse(redriveProblems(value));
  const wanted = value as unknown as RedriveRequest;
  const { selection, why } = await read(context, wanted);
  const { ratePerSecond = null, currentImage = false } = wanted;
  const terms = { now: new Date(), perSecond: ratePerSecond, currentImage };
  const { matched, redriven } = await redriveDeadLetters(context.operations, selection, terms, why);
  return { matched, jobs: redriven };
};

const discard = async (context: ApiContext, request: FastifyRequest): Promise<DiscardAnswer> => {
  const { value } = requiredBody(request);
  refuse(discardProblems(value));
  const { selection, why } = await read(context, value as unknown as DiscardRequest);
  const { matched, discarded } = await discardDeadLetters(context.operations, selection, why);
  return { matched, jobs: discarded };
};

const shared = { tag: 'jobs', access: 'token' } as const;

export const deadLetterRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'List jobs that failed for good and wait for a person, newest first',
    ...shared,
    query: ListQuery,
    answer: json(DeadLetterPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'POST',
    url: '/api/v1/dead-letters/redrive',
    operationId: 'redriveDeadLetters',
    summary: 'Run dead letters again, each as a new job that names the old one',
    ...shared,
    body: RedriveRequestSchema,
    answer: json(RedriveAnswerSchema, 'How many fitted, and the new jobs.'),
    handle: redrive,
  },
  {
    method: 'POST',
    url: '/api/v1/dead-letters/discard',
    operationId: 'discardDeadLetters',
    summary: 'Take dead letters off the list for good; their history stays',
    ...shared,
    body: DiscardRequestSchema,
    answer: json(DiscardAnswerSchema, 'How many fitted, and which were discarded.'),
    handle: discard,
  },
];
