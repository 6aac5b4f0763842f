import {
  OrchestratorError,
  type Database,
  type InstallationId,
  type Logger,
  type PodIdentifier,
} from '@job-orchestrator/types';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendAnswer, sendRefusal } from './answer.ts';
import { acceptOutput } from './accept-output.ts';

/** What the listener of collectors needs. */
export interface CollectorListenerOptions {
  readonly outputs: Database['outputs'];
  readonly installation: InstallationId;
  /** Tells which pod speaks. */
  readonly pods: PodIdentifier;
  /** How much of an output is taken. */
  readonly limits: OutputLimits;
  readonly log: Logger;
}

export interface CollectorListener {
  /** Throws `invalid_configuration` for an address that cannot be had. Port 0 takes a free one. */
  listen(address: { readonly host: string; readonly port: number }): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

// A collector has 8 s in all; what takes longer to arrive is nobody's output.
const requestMs = 10_000;
// Each may hold an output in memory: 256 × 256 KiB are 64 MiB.
const connectionsMost = 256;

const handle = async (
  options: CollectorListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  try {
    sendAnswer(response, await acceptOutput(options, request));
  } catch (error) {
    sendRefusal(options.log, request, response, error);
  }
};

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const value = `${host}:${port}`;
      const message = `Cannot listen on ${value}: ${error.message}.`;
      const problem = { field: 'COLLECTOR_LISTEN', message: 'cannot be listened on', value };
      reject(new OrchestratorError('invalid_configuration', message, [problem]));
    });
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
};

/**
 * The server to which output collectors deliver: one route, `PUT /jobs/{job}/attempts/{number}/output`, and no other
 * door to anything. It is never the people's API, and knows none of its tokens.
 */
export const createCollectorListener = (options: CollectorListenerOptions): CollectorListener => {
  const server = createServer({ requestTimeout: requestMs, keepAlive: false }, (request, response) => {
    void handle(options, request, response);
  });
  server.maxConnections = connectionsMost;
  return {
    listen: async ({ host, port }) => {
      const bound = await listen(server, host, port);
      options.log.info({ host, port: bound }, 'collectors may deliver');
      return { port: bound };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
};
