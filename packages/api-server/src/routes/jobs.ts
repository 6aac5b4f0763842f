import { cancelJob, explainWaiting, findJob, retryJob, submitJobs } from '@job-orchestrator/operations';
import {
  AttemptListSchema,
  CancelAnswerSchema,
  JobBatchSchema,
  JobDetailSchema,
  JobPageSchema,
  JobSubmissionSchema,
  limits,
  OrchestratorError,
  RetryAnswerSchema,
  SubmitAnswerSchema,
  validateJobBatch,
  type AttemptList,
  type CancelAnswerDto,
  type JobDetail,
  type JobId,
  type JobPage,
  type JobRecord,
  type PageRequest,
  type RetryAnswer,
  type SubmitAnswer,
} from '@job-orchestrator/types';
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toAttempt, toJobDetail, toJobSummary } from '../dto/to-dto.ts';
import { notesOf, submitNotices } from '../dto/notes.ts';
import { optionalBody, requiredBody } from '../http/body.ts';
import { idempotencyKey } from '../input/idempotency-key.ts';
import { jobFilter, JobListQuery, readJobList } from '../input/job-filter.ts';
import { listKey, readPage } from '../input/pages.ts';
import { parameters } from '../input/parameters.ts';
import { ReasonBody, writeContext } from '../input/reason.ts';
import { readRetry, RetryBody } from '../input/retry.ts';
import { submittedStates } from './submitted-states.ts';
import { json, type Route } from './route.ts';

/** `{selector}` in a path. */
export const SelectorParams = parameters({
  selector: Type.String({
    description: 'A full id, a unique beginning or end of one (4 characters or more), or `@latest`.',
  }),
});

/** The job that the path names. Throws `job_not_found`, `job_ambiguous`. */
export const selectedJob = (context: ApiContext, request: FastifyRequest): Promise<JobId> =>
  findJob(context.operations, (request.params as { readonly selector: string }).selector);

const gone = (id: JobId): OrchestratorError =>
  new OrchestratorError('job_not_found', `There is no job ${id}.`);

/** The record of a job that was found a moment ago. */
export const readRecord = async (context: ApiContext, id: JobId): Promise<JobRecord> => {
  const record = await context.database.history.getJob(id);
  if (record === null) throw gone(id);
  return record;
};

const submit = async (context: ApiContext, request: FastifyRequest): Promise<SubmitAnswer> => {
  const body = requiredBody(request);
  const key = idempotencyKey(request.headers['idempotency-key'], body.fingerprint);
  const { jobs } = validateJobBatch(body.value);
  const stored = await submitJobs(context.operations, jobs, writeContext('submitted'), key);
  return {
    jobs: await submittedStates(context.database, jobs, stored),
    replayed: stored.replayed,
    notices: submitNotices(context.runtimeKind, stored.notices),
  };
};

const list = async (context: ApiContext, request: FastifyRequest): Promise<JobPage> => {
  const query = readJobList(request.query);
  const filter = jobFilter(query);
  const read = (page: PageRequest) => context.database.history.listJobs(filter, page);
  return readPage(listKey('jobs', filter), query, read, toJobSummary);
};

const detail = async (context: ApiContext, request: FastifyRequest): Promise<JobDetail> => {
  const { history, topics, executors, deadLetters } = context.database;
  const id = await selectedJob(context, request);
  const found = await history.getJobWithAttempts(id);
  if (found === null) throw gone(id);
  const { job, attempts } = found;
  const [topic, living, decision] = await Promise.all([
    topics.get(job.project, job.topic),
    executors.list(),
    job.state === 'failed' ? deadLetters.decision(job.id) : null,
  ]);
  return toJobDetail(job, {
    attempts,
    waitingFor: explainWaiting(job, topic, living),
    notes: notesOf(job, context.runtimeKind, decision, living),
  });
};

const attempts = async (context: ApiContext, request: FastifyRequest): Promise<AttemptList> => {
  const id = await selectedJob(context, request);
  const records = await context.database.history.listAttempts(id);
  // A full id is not looked up by its selector, so an empty list may mean that there is no such job.
  if (records.length === 0) await readRecord(context, id);
  return { items: records.map(toAttempt) };
};

const cancel = async (context: ApiContext, request: FastifyRequest): Promise<CancelAnswerDto> => {
  const why = writeContext('cancelled by a user', optionalBody(request));
  const answer = await cancelJob(context.operations, await selectedJob(context, request), why);
  return { answer: answer.kind, state: answer.state };
};

const retry = async (context: ApiContext, request: FastifyRequest): Promise<RetryAnswer> => {
  const body = optionalBody(request);
  const { currentImage, why } = readRetry(body);
  const id = await selectedJob(context, request);
  // The job is in the path, so that the body alone would not tell two requests apart.
  const fingerprint = createHash('sha256')
    .update(`retry ${id} ${JSON.stringify(body ?? null)}`)
    .digest('hex');
  const key = idempotencyKey(request.headers['idempotency-key'], fingerprint);
  return retryJob(context.operations, id, why, { currentImage, key });
};

const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: limits.idempotencyKeyChars,
      description: 'The same key with the same body stores the jobs once.',
    }),
  ),
});

export const jobRoutes: readonly Route[] = [
  {
    method: 'POST',
    url: '/api/v1/jobs',
    operationId: 'submitJobs',
    summary: 'Submit one job or many; all are stored or none',
    tag: 'jobs',
    access: 'token',
    headers: IdempotencyHeader,
    body: Type.Union([JobSubmissionSchema, JobBatchSchema]),
    answer: json(SubmitAnswerSchema, 'The jobs are stored.', 201),
    handle: submit,
  },
  {
    method: 'GET',
    url: '/api/v1/jobs',
    operationId: 'listJobs',
    summary: 'List jobs, newest first',
    tag: 'jobs',
    access: 'token',
    query: JobListQuery,
    answer: json(JobPageSchema, 'One page.'),
    handle: list,
  },
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector',
    operationId: 'getJob',
    summary: 'Read a job, its attempts, and why it waits',
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    answer: json(JobDetailSchema, 'The job.'),
    handle: detail,
  },
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector/attempts',
    operationId: 'listAttempts',
    summary: "List a job's attempts in order of number",
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    answer: json(AttemptListSchema, 'All attempts.'),
    handle: attempts,
  },
  {
    method: 'POST',
    url: '/api/v1/jobs/:selector/cancel',
    operationId: 'cancelJob',
    summary: "Ask for a job's end",
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    body: ReasonBody,
    answer: json(CancelAnswerSchema, 'Whether it will end cancelled, or had ended already.'),
    handle: cancel,
  },
  {
    method: 'POST',
    url: '/api/v1/jobs/:selector/retry',
    operationId: 'retryJob',
    summary: 'Run an ended job again, as a new job',
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    headers: IdempotencyHeader,
    body: RetryBody,
    answer: json(RetryAnswerSchema, 'The new job.', 201),
    handle: retry,
  },
];
