import { EventListSchema, EventSchema, type JobId } from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toEvent } from '../dto/to-dto.ts';
import { followStory, type StoryItem } from '../follow/events.ts';
import { sendEvents, streamSignal, type StreamMessage } from '../http/sse.ts';
import { lastEventId } from '../input/last-event-id.ts';
import { parameterReader, parameters } from '../input/parameters.ts';
import { readRecord, selectedJob, SelectorParams } from './jobs.ts';
import type { Route } from './route.ts';

/** A job has far fewer events than this: some ten per attempt. */
const mostEvents = 10_000;

const EventsQuery = parameters({
  after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events with a number above this.' })),
  follow: Type.Optional(
    Type.Boolean({ description: 'Go on as a stream of events until the job has ended.' }),
  ),
});
const readQuery = parameterReader(EventsQuery);

const toMessage = (item: StoryItem): StreamMessage => {
  if (item.kind === 'end') return { event: 'end', data: { state: item.state } };
  return { event: item.event.kind, id: String(item.event.seq), data: toEvent(item.event) };
};

async function* toMessages(items: AsyncIterable<StoryItem>): AsyncGenerator<StreamMessage> {
  for await (const item of items) yield toMessage(item);
}

const follow = async (context: ApiContext, job: JobId, after: number, reply: FastifyReply): Promise<void> => {
  const signal = streamSignal(reply, context.closing);
  const fault = await sendEvents(
    reply,
    toMessages(followStory(context, job, after, signal)),
    context.timings,
  );
  if (fault !== null) context.log.warn({ jobId: job, err: fault }, 'a stream of events broke off');
};

const events = async (
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> => {
  const query = readQuery(request.query);
  const after = lastEventId(request, /^\d{1,9}$/) ?? query.after ?? 0;
  const job = await selectedJob(context, request);
  await readRecord(context, job);
  if (query.follow === true) return follow(context, job, Number(after), reply);
  const found = await context.database.history.listEvents(job, Number(after), mostEvents);
  return { items: found.map(toEvent) };
};

export const jobEventRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector/events',
    operationId: 'listEvents',
    summary: "Read or follow a job's story; the stream ends with the event `end`",
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    query: EventsQuery,
    answer: {
      status: 200,
      description: 'The events; with `follow` a stream of them, resumable by `Last-Event-ID`.',
      content: { 'application/json': EventListSchema, 'text/event-stream': EventSchema },
    },
    handle: events,
  },
];
