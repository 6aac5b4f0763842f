import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ScriptedServer {
  readonly url: string;
  /** All requests so far, as `METHOD path`. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** A real HTTP server that answers the first request with the first handler, and so on; the last one repeats. */
export const startScripted = async (...handlers: readonly Handler[]): Promise<ScriptedServer> => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(seen.length, handlers.length - 1)];
    seen.push(`${request.method} ${request.url}`);
    handler?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

/** Answers with a status, a content type and a body. */
export const answer =
  (status: number, type: string, body: string): Handler =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body);

/** Sends events and then breaks the connection off, or leaves it open and silent. */
export const events =
  (text: string, then: 'break' | 'end' | 'silence'): Handler =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => {
      if (then === 'end') response.end();
      if (then === 'break') response.destroy();
    });
  };
