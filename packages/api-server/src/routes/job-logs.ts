import {
  isClosedAttemptState,
  LogAttemptSchema,
  logContainers,
  LogEndSchema,
  LogGapSchema,
  LogTextSchema,
  OrchestratorError,
  type AttemptRecord,
  type JobRecord,
  type LogContainer,
  type LogExtent,
  type LogTail,
} from '@job-orchestrator/types';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ApiContext } from '../context.ts';
import { lastBytes, openSnapshot, type LivePiece } from '../follow/live-log.ts';
import { followLog } from '../follow/log.ts';
import type { LogItem, LogPosition } from '../follow/log-items.ts';
import { sendBytes, sendEvents, streamSignal, type StreamMessage } from '../http/sse.ts';
import { lastEventId } from '../input/last-event-id.ts';
import { parameterReader, parameters } from '../input/parameters.ts';
import { readRecord, selectedJob, SelectorParams } from './jobs.ts';
import type { Route } from './route.ts';

/** The longest tail that is gathered in memory for one reader. */
const mostTailBytes = 1_048_576;

const LogQuery = parameters({
  attempt: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: "The attempt's number; the newest by default.",
    }),
  ),
  container: Type.Optional(
    Type.Union(
      logContainers.map((container) => Type.Literal(container)),
      {
        description:
          'Whose log: the program (`main`, the default) or the collector of its output on Kubernetes.',
      },
    ),
  ),
  follow: Type.Optional(
    Type.Boolean({ description: 'Go on as a stream of events until the log has ended.' }),
  ),
  tail: Type.Optional(
    Type.Integer({ minimum: 1, maximum: mostTailBytes, description: 'Only so many bytes of its end.' }),
  ),
});
const readQuery = parameterReader(LogQuery);

interface LogWish {
  readonly job: JobRecord;
  readonly container: LogContainer;
  readonly attempt: number | null;
  readonly tail: number | null;
}

const attemptNotFound = (job: JobRecord, number: number): OrchestratorError =>
  new OrchestratorError(
    'attempt_not_found',
    `Job ${job.id} has ${job.attempt === 0 ? 'no attempt yet' : `attempts up to ${job.attempt}`}; there is no ${number}.`,
    [
      {
        field: 'attempt',
        message: 'is not an attempt of this job',
        limit: job.attempt === 0 ? 'none yet' : `1 to ${job.attempt}`,
        value: String(number),
      },
    ],
  );

const readWish = async (
  context: ApiContext,
  request: FastifyRequest,
): Promise<LogWish & { follow: boolean }> => {
  const query = readQuery(request.query);
  const job = await readRecord(context, await selectedJob(context, request));
  // The first attempt may be waited for; any later one exists or nobody knows that it ever will.
  if (query.attempt !== undefined && query.attempt > Math.max(1, job.attempt))
    throw attemptNotFound(job, query.attempt);
  const { container = 'main', attempt = null, tail = null, follow = false } = query;
  return { job, container, attempt, tail, follow };
};

const toMessage = (item: LogItem): StreamMessage => {
  if (item.kind === 'end') {
    const { kind, ...data } = item;
    return { event: kind, data };
  }
  const id = `${item.position.attempt}:${item.position.offset}`;
  if (item.kind === 'attempt') return { event: 'attempt', id, data: { attempt: item.position.attempt } };
  if (item.kind === 'gap')
    return { event: 'gap', id, data: { bytes: item.bytes, ...(item.atLeast ? { atLeast: true } : {}) } };
  return { event: 'text', id, data: { text: item.text } };
};

async function* toMessages(items: AsyncIterable<LogItem>): AsyncGenerator<StreamMessage> {
  for await (const item of items) yield toMessage(item);
}

const readPosition = (request: FastifyRequest, wish: LogWish): LogPosition | null => {
  const id = lastEventId(request, /^\d{1,7}:\d{1,15}$/);
  if (id === null) return null;
  const [attempt = 0, offset = 0] = id.split(':').map(Number);
  if (attempt >= 1 && attempt <= Math.max(1, wish.job.attempt) && (wish.attempt ?? attempt) === attempt)
    return { attempt, offset };
  throw new OrchestratorError('bad_cursor', `The Last-Event-ID ${id} is not of this log.`, [
    { field: 'Last-Event-ID', message: 'names another attempt', value: id },
  ]);
};

const follow = async (context: ApiContext, request: FastifyRequest, reply: FastifyReply, wish: LogWish) => {
  const signal = streamSignal(reply, context.closing);
  const { container, attempt, tail } = wish;
  const items = followLog({
    context,
    job: wish.job.id,
    container,
    attempt,
    tail,
    from: readPosition(request, wish),
    signal,
  });
  const fault = await sendEvents(reply, toMessages(items), context.timings);
  if (fault !== null) context.log.warn({ jobId: wish.job.id, err: fault }, 'the stream of a log broke off');
};

const noLog = (detail: string): OrchestratorError => new OrchestratorError('log_not_found', detail);

const chosenAttempt = async (context: ApiContext, wish: LogWish): Promise<AttemptRecord> => {
  const attempts = await context.database.history.listAttempts(wish.job.id);
  const number = wish.attempt ?? wish.job.attempt;
  const found = attempts.find((attempt) => attempt.number === number);
  if (found !== undefined) return found;
  if (number > 0 && wish.job.attempt > 0) throw attemptNotFound(wish.job, number);
  throw noLog(`Job ${wish.job.id} is ${wish.job.state} and has not started, so there is no log yet.`);
};

/**
 * Says how many bytes of the log's beginning are not in the answer, and how well that is known; null: some, and nobody knows
 * how many.
 */
const withSkipped = (reply: FastifyReply, skipped: number | null, extent: LogExtent): FastifyReply =>
  reply
    .header('x-log-truncated', String(skipped !== 0 || extent !== 'exact'))
    .header('x-log-skipped', skipped === null ? 'unknown' : String(skipped))
    .header('x-log-extent', extent);

const sendTail = (reply: FastifyReply, { bytes, totalBytes, extent }: LogTail): FastifyReply =>
  withSkipped(reply, totalBytes - bytes.length, extent)
    .type('text/plain; charset=utf-8')
    .send(Buffer.from(bytes));

/** Null: nothing was stored. */
const readStored = async (
  context: ApiContext,
  attempt: AttemptRecord,
  { container, job, tail }: LogWish,
): Promise<LogTail | null> => {
  if (container !== 'main' || !isClosedAttemptState(attempt.state)) return null;
  const stored = await context.database.history.getLogTail(job.id, attempt.id);
  return stored === null || tail === null ? stored : { ...stored, bytes: stored.bytes.subarray(-tail) };
};

/** The pieces that are text, the first of which was read already; holes in the middle of a snapshot cannot be said here. */
async function* bytesFrom(
  first: IteratorResult<LivePiece>,
  rest: AsyncIterator<LivePiece>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next())
      if (!('lost' in next.value)) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Null: the runtime has none (yet, or any more). */
const sendLive = async (context: ApiContext, attempt: AttemptRecord, wish: LogWish, reply: FastifyReply) => {
  const signal = streamSignal(reply, context.closing);
  const source = await openSnapshot(context, { attempt, container: wish.container }, 0, signal);
  if (source === null) return null;
  if (wish.tail !== null) {
    return sendTail(reply, await lastBytes(source, wish.tail));
  }
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const lost = first.done !== true && 'lost' in first.value ? first.value.lost : 0;
  withSkipped(reply, lost, lost === null ? 'at_least' : 'exact');
  await sendBytes(reply, 'text/plain; charset=utf-8', bytesFrom(first, iterator), context.timings);
  return reply;
};

const read = async (context: ApiContext, reply: FastifyReply, wish: LogWish): Promise<FastifyReply> => {
  const attempt = await chosenAttempt(context, wish);
  reply.header('x-log-attempt', String(attempt.number));
  const stored = await readStored(context, attempt, wish);
  if (stored !== null && stored.extent !== 'end_missing') return sendTail(reply, stored);
  const sent = await sendLive(context, attempt, wish, reply);
  if (sent !== null) return sent;
  if (stored !== null) return sendTail(reply, stored);
  // It may begin to write at any moment: nothing so far is an answer, not an error.
  if (!isClosedAttemptState(attempt.state))
    return sendTail(reply, { bytes: new Uint8Array(0), totalBytes: 0, extent: 'exact' });
  throw noLog(
    wish.container === 'main'
      ? `Attempt ${attempt.number} of job ${wish.job.id} left no log.`
      : `The log of ${wish.container} of attempt ${attempt.number} went with its pod; only that of main is kept.`,
  );
};

const logs = async (context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
  const wish = await readWish(context, request);
  return wish.follow ? follow(context, request, reply, wish) : read(context, reply, wish);
};

export const jobLogRoutes: readonly Route[] = [
  {
    method: 'GET',
    url: '/api/v1/jobs/:selector/logs',
    operationId: 'readLog',
    summary: 'Read or follow the log of a running or an ended attempt',
    tag: 'jobs',
    access: 'token',
    params: SelectorParams,
    query: LogQuery,
    answer: {
      status: 200,
      description:
        'The log: all of a running attempt, the stored end of an ended one (`X-Log-Attempt`, `X-Log-Truncated`, ' +
        '`X-Log-Skipped`: bytes of its beginning that were rotated away, not kept or not asked for, or `unknown`). ' +
        'With `follow` a stream, resumable by `Last-Event-ID`: `attempt` (LogAttempt) before each attempt, ' +
        '`text` (LogText), `gap` (LogGap), and last `end` (LogEnd).',
      content: {
        'text/plain': Type.String(),
        'text/event-stream': Type.Union([LogAttemptSchema, LogTextSchema, LogGapSchema, LogEndSchema]),
      },
    },
    handle: logs,
  },
];
