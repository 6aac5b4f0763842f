import type { FastifyReply } from 'fastify';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Timings } from '../context.ts';

/** One event of a stream; `data` is plain JSON, `id` what a reader sends back to go on from here. */
export interface StreamMessage {
  readonly event: string;
  readonly data: object;
  readonly id?: string;
}

const encode = (message: StreamMessage): string => {
  const id = message.id === undefined ? '' : `id: ${message.id}\n`;
  // JSON.stringify writes no line breaks, so one data line is enough.
  return `${id}event: ${message.event}\ndata: ${JSON.stringify(message.data)}\n\n`;
};

type StreamTimings = Pick<Timings, 'keepAliveMs' | 'stuckReaderMs'>;

/** Waits until the reader has taken what was written. False: it is gone, or took nothing for too long. */
const drained = async (raw: ServerResponse, stuckReaderMs: number): Promise<boolean> => {
  if (raw.destroyed) return false;
  const limit = AbortSignal.timeout(stuckReaderMs);
  const settled = new AbortController();
  const signal = AbortSignal.any([limit, settled.signal]);
  try {
    await Promise.race([once(raw, 'drain', { signal }), once(raw, 'close', { signal })]);
    return !raw.destroyed;
  } catch {
    return false;
  } finally {
    settled.abort();
  }
};

/**
 * Writes pieces as fast as the reader takes them; never more than one piece waits in memory beyond Node's own buffer.
 * A reader that takes nothing for `stuckReaderMs` is cut off.
 */
const pump = async (
  raw: ServerResponse,
  pieces: AsyncIterable<string | Uint8Array>,
  timings: StreamTimings,
): Promise<void> => {
  for await (const piece of pieces) {
    if (raw.destroyed) return;
    if (raw.write(piece)) continue;
    if (await drained(raw, timings.stuckReaderMs)) continue;
    raw.destroy();
    return;
  }
  raw.end();
};

const startRaw = (reply: FastifyReply, contentType: string): ServerResponse => {
  reply.hijack();
  const headers = reply.getHeaders() as Record<string, string>;
  // A connection that carried a stream carries nothing after it, so that it never holds up a server that closes.
  reply.raw.writeHead(200, { ...headers, 'content-type': contentType, connection: 'close' });
  reply.raw.flushHeaders();
  return reply.raw;
};

/**
 * Aborted when the reader goes away or the server closes. Not `AbortSignal.any`: what it makes hangs on to `closing`,
 * which lives as long as the server.
 */
export const streamSignal = (reply: FastifyReply, closing: AbortSignal): AbortSignal => {
  const ended = new AbortController();
  const end = (): void => {
    closing.removeEventListener('abort', end);
    ended.abort();
  };
  closing.addEventListener('abort', end);
  reply.raw.once('close', end);
  if (closing.aborted) end();
  return ended.signal;
};

/** Sends bytes as they come. */
export const sendBytes = async (
  reply: FastifyReply,
  contentType: string,
  pieces: AsyncIterable<Uint8Array>,
  timings: StreamTimings,
): Promise<void> => {
  const raw = startRaw(reply, contentType);
  await pump(raw, pieces, timings).catch(() => raw.destroy());
};

async function* encodeAll(messages: AsyncIterable<StreamMessage>): AsyncGenerator<string> {
  for await (const message of messages) yield encode(message);
}

/**
 * Sends events as they come, with comments in between that keep the connection alive. The answer has begun, so a fault
 * can only break the stream off; its reader resumes and is then told by the status. Returns the fault, for the log.
 */
export const sendEvents = async (
  reply: FastifyReply,
  messages: AsyncIterable<StreamMessage>,
  timings: StreamTimings,
): Promise<unknown> => {
  const raw = startRaw(reply, 'text/event-stream; charset=utf-8');
  const keepAlive = setInterval(() => {
    // A reader with a full buffer has unread events; comments would only add to them.
    if (!raw.writableNeedDrain && !raw.destroyed) raw.write(':\n\n');
  }, timings.keepAliveMs);
  try {
    await pump(raw, encodeAll(messages), timings);
    return null;
  } catch (error) {
    raw.destroy();
    return error;
  } finally {
    clearInterval(keepAlive);
  }
};
