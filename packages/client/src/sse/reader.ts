import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { setTimeout as delay } from 'node:timers/promises';
import { mayPass, notOurs, silent, unreachable } from '../errors.ts';
import type { Call, Transport } from '../transport.ts';
import { createSseParser, type ServerSentEvent } from './parser.ts';

/** How a broken stream is taken up again. Times in milliseconds. */
export interface ReconnectRule {
  readonly baseMs: number;
  readonly capMs: number;
  /** Connections without any event in a row before it is given up. */
  readonly most: number;
  /** A stream that says nothing for so long is taken for dead; the server sends a comment every 15 s. */
  readonly silenceMs: number;
}

export const defaultReconnect: ReconnectRule = { baseMs: 200, capMs: 5_000, most: 10, silenceMs: 45_000 };

const waitMs = (rule: ReconnectRule, failures: number): number =>
  Math.min(rule.capMs, rule.baseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);

/** Pieces of a body; fails when it is silent for too long. */
export async function* readPieces(
  body: ReadableStream<Uint8Array>,
  server: string,
  silenceMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(silent(server, silenceMs)), silenceMs);
      });
      const piece = await Promise.race([reader.read(), silence]);
      clearTimeout(timer);
      if (piece.done) return;
      yield piece.value;
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => undefined);
  }
}

/** The events of one connection. */
async function* readOnce(
  transport: Transport,
  call: Call,
  lastEventId: string,
  silenceMs: number,
): AsyncGenerator<ServerSentEvent> {
  const resume: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
  const response = await transport.open({
    ...call,
    headers: { ...call.headers, ...resume, accept: 'text/event-stream, application/problem+json' },
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.body === null || !type.startsWith('text/event-stream')) {
    await response.body?.cancel();
    throw notOurs(transport.server, `status ${response.status}`, type);
  }
  const decoder = new TextDecoder();
  const parser = createSseParser(lastEventId);
  for await (const piece of readPieces(response.body, transport.server, silenceMs)) {
    yield* parser.push(decoder.decode(piece, { stream: true }));
  }
}

/**
 * Reads a stream of events to its end, taking it up again by `Last-Event-ID` where the connection broke.
 * `isLast` tells which event ends the stream; a connection that closes before it counts as broken.
 * `onGone` is called when the server does not answer then, once until it does.
 * Throws the server's refusals at once, `server_unreachable` after `most` vain connections, and the signal's reason.
 */
async function* readStream(
  transport: Transport,
  call: Call,
  isLast: (event: ServerSentEvent) => boolean,
  rule: ReconnectRule,
  onGone?: () => void,
): AsyncGenerator<ServerSentEvent> {
  let lastEventId = '';
  let failures = 0;
  for (;;) {
    let fault: unknown = new Error('the connection closed before the end');
    try {
      for await (const event of readOnce(transport, call, lastEventId, rule.silenceMs)) {
        failures = 0;
        lastEventId = event.id;
        yield event;
        if (isLast(event)) return;
      }
    } catch (error) {
      call.signal?.throwIfAborted();
      if (isOrchestratorError(error) && !mayPass(error)) throw error;
      fault = error;
    }
    failures += 1;
    // The first time it may only be a proxy that lets no connection live for long.
    if (failures === 2) onGone?.();
    if (failures > rule.most) throw isOrchestratorError(fault) ? fault : unreachable(transport.server, fault);
    await pause(waitMs(rule, failures), call.signal);
  }
}

/** The messages of a stream that closes with the event `end`; events of which `toMessage` makes null are passed over. */
export async function* readMessages<Message>(
  transport: Transport,
  call: Call,
  toMessage: (event: ServerSentEvent) => Message | null,
  rule: ReconnectRule,
  onGone?: () => void,
): AsyncGenerator<Message, void, undefined> {
  for await (const event of readStream(transport, call, (last) => last.event === 'end', rule, onGone)) {
    const message = toMessage(event);
    if (message !== null) yield message;
  }
}

const pause = async (milliseconds: number, signal: AbortSignal | undefined): Promise<void> => {
  try {
    await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
};
