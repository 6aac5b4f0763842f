import type { Client } from './api.ts';
import { deadLetterCalls } from './calls/dead-letters.ts';
import { dagDefinitionCalls } from './calls/dag-definitions.ts';
import { dagCalls } from './calls/dags.ts';
import { imageCalls } from './calls/images.ts';
import { jobCalls } from './calls/jobs.ts';
import { logCalls } from './calls/logs.ts';
import { outputCalls } from './calls/outputs.ts';
import { profileCalls } from './calls/profiles.ts';
import { backfillCalls, scheduleCalls } from './calls/schedules.ts';
import { secretCalls } from './calls/secrets.ts';
import { serverCalls } from './calls/server.ts';
import { topicCalls } from './calls/topics.ts';
import { defaultReconnect, type ReconnectRule } from './sse/reader.ts';
import { createTransport, type SlowRule } from './transport.ts';

export interface ClientOptions {
  /** Where the server listens, such as `http://127.0.0.1:8080`. */
  readonly server: string;
  readonly token?: string | null;
  /**
   * How long an answer may take; streams are not bound by it.
   * @defaultValue 30_000
   */
  readonly timeoutMs?: number;
  /** Called once for each request that has no answer after `afterMs`. */
  readonly slow?: SlowRule;
  readonly reconnect?: Partial<ReconnectRule>;
}

/** A client of one server. It holds no connection and needs no closing. */
export const createClient = (options: ClientOptions): Client => {
  const transport = createTransport({
    server: options.server.replace(/\/+$/, ''),
    token: options.token ?? null,
    timeoutMs: options.timeoutMs ?? 30_000,
    slow: options.slow ?? null,
  });
  const reconnect = { ...defaultReconnect, ...options.reconnect };
  return {
    ...jobCalls(transport, reconnect),
    ...logCalls(transport, reconnect),
    ...outputCalls(transport),
    ...deadLetterCalls(transport),
    ...dagDefinitionCalls(transport),
    ...dagCalls(transport, reconnect),
    ...scheduleCalls(transport),
    ...backfillCalls(transport),
    ...imageCalls(transport),
    ...profileCalls(transport),
    ...secretCalls(transport),
    ...topicCalls(transport),
    ...serverCalls(transport),
  };
};
