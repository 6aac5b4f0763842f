import type {
  AttemptList,
  CancelAnswerDto,
  EventDto,
  EventList,
  JobDetail,
  JobPage,
  RetryAnswer,
  SubmitAnswer,
} from '@job-orchestrator/types';
import type { Client, FollowEventsOptions, RetryOptions } from '../api.ts';
import { jobQuery, queryOf } from '../queries.ts';
import type { ServerSentEvent } from '../sse/parser.ts';
import { readMessages, type ReconnectRule } from '../sse/reader.ts';
import { callOptions, segment, type Call, type Transport } from '../transport.ts';

type JobCalls = Pick<
  Client,
  | 'submitJobs'
  | 'listJobs'
  | 'getJob'
  | 'listAttempts'
  | 'listEvents'
  | 'followEvents'
  | 'cancelJob'
  | 'retryJob'
>;

/** The path of a job, or of something beneath it. */
export const jobPath = (selector: string, rest = ''): string =>
  `/api/v1/jobs/${segment(selector, 'selector')}${rest}`;

const toEvent = ({ event, data }: ServerSentEvent): EventDto | null =>
  event === 'end' ? null : (JSON.parse(data) as EventDto);

const eventsCall = (selector: string, options: FollowEventsOptions, follow?: true): Call => ({
  ...callOptions(options),
  method: 'GET',
  path: jobPath(selector, '/events'),
  query: queryOf({ after: options.after, follow }),
});

const ask = <Answer>(
  transport: Transport,
  path: string,
  options: RetryOptions,
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const { reason, currentImage } = options;
  const body = {
    ...(reason === undefined ? {} : { reason }),
    ...(currentImage === undefined ? {} : { currentImage }),
  };
  return transport.json<Answer>({ ...callOptions(options), method: 'POST', path, body, headers });
};

const keyHeader = ({ idempotencyKey }: { readonly idempotencyKey?: string }): Record<string, string> =>
  idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };

export const jobCalls = (transport: Transport, rule: ReconnectRule): JobCalls => ({
  submitJobs: (jobs, options = {}) =>
    transport.json<SubmitAnswer>({
      ...callOptions(options),
      method: 'POST',
      path: '/api/v1/jobs',
      body: Array.isArray(jobs) ? { jobs } : jobs,
      headers: keyHeader(options),
    }),
  listJobs: (query = {}, options = {}) =>
    transport.json<JobPage>({ ...options, method: 'GET', path: '/api/v1/jobs', query: jobQuery(query) }),
  getJob: async (selector, options = {}) =>
    transport.json<JobDetail>({ ...options, method: 'GET', path: jobPath(selector) }),
  listAttempts: async (selector, options = {}) =>
    transport.json<AttemptList>({ ...options, method: 'GET', path: jobPath(selector, '/attempts') }),
  listEvents: async (selector, options = {}) => transport.json<EventList>(eventsCall(selector, options)),
  followEvents: (selector, options = {}) =>
    readMessages(transport, eventsCall(selector, options, true), toEvent, rule),
  cancelJob: async (selector, options = {}) =>
    ask<CancelAnswerDto>(transport, jobPath(selector, '/cancel'), options),
  retryJob: async (selector, options = {}) =>
    ask<RetryAnswer>(transport, jobPath(selector, '/retry'), options, keyHeader(options)),
});
