import { readRun } from '@job-orchestrator/operations';
import { DagRunSchema, NodeRunSchema, RunEndSchema, type DagRunId } from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { toDagRun, toNodeRun } from '../dto/dag-dto.ts';
import { followRun, type RunItem } from '../follow/run-news.ts';
import { sendEvents, streamSignal, type StreamMessage } from '../http/sse.ts';
import { lastEventId } from '../input/last-event-id.ts';
import { oneRun, selectedRun } from './dag-runs.ts';
import type { Route } from './route.ts';

/** A reader that comes back is told the last moments again: the clock of a database that failed over may stand behind. */
const overlapMs = 10_000;

const toMessage = (item: RunItem): StreamMessage => {
  if (item.kind === 'node') return { event: 'node', data: toNodeRun(item.node) };
  if (item.kind === 'end') return { event: 'end', data: { state: item.state } };
  return { event: 'run', id: String(item.position.getTime()), data: toDagRun(item.run) };
};

async function* toMessages(items: AsyncIterable<RunItem>): AsyncGenerator<StreamMessage> {
  for await (const item of items) yield toMessage(item);
}

const readPosition = (request: FastifyRequest): Date | null => {
  const id = lastEventId(request, /^\d{1,14}$/);
  return id === null ? null : new Date(Math.max(0, Number(id) - overlapMs));
};

const follow = async (
  context: ApiContext,
  id: DagRunId,
  from: Date | null,
  reply: FastifyReply,
): Promise<void> => {
  const signal = streamSignal(reply, context.closing);
  const items = followRun(context, id, from, signal);
  const fault = await sendEvents(reply, toMessages(items), context.timings);
  if (fault !== null) context.log.warn({ run: id, err: fault }, 'the stream of a DAG run broke off');
};

const events = async (context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
  const from = readPosition(request);
  const { id } = await readRun(context.operations, await selectedRun(context, request));
  return follow(context, id, from, reply);
};

export const dagRunEventRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/dag-runs/:selector/events',
    operationId: 'followDagRun',
    summary: 'Follow a run: its nodes as they stand, then each change, until it has ended',
    ...oneRun,
    answer: {
      status: 200,
      description:
        'A stream of events, resumable by `Last-Event-ID`: `node` (NodeRun) for each node and then for each change of ' +
        'one (items of `forEach` from their start on), `run` (DagRun) after the nodes that changed together, and last ' +
        '`end` (RunEnd). After a resumption the last ten seconds are told again.',
      content: { 'text/event-stream': Type.Union([NodeRunSchema, DagRunSchema, RunEndSchema]) },
    },
    handle: events,
  },
];
