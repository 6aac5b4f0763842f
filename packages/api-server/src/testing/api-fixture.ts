import { createClient, type Client, type ClientOptions } from '@job-orchestrator/client';
import {
  freshDatabase,
  freshEmbedded,
  silentLog,
  type FreshDatabase,
} from '@job-orchestrator/postgres/testing';
import { dagRules } from '@job-orchestrator/dag-orchestrator';
import type { Database, InstallationId } from '@job-orchestrator/types';
import { createApiServer, type ApiServerOptions } from '../server.ts';
import { createDriver, type Driver } from './driver.ts';

export const testToken = 'the-token-of-this-test';

export interface Api {
  readonly url: string;
  readonly client: Client;
  readonly database: Database;
  readonly installation: InstallationId;
  readonly driver: Driver;
  /** Another server over the same database. */
  serve(
    options?: Partial<ApiServerOptions>,
    port?: number,
  ): Promise<{ readonly url: string; readonly client: Client; close(): Promise<void> }>;
  /** Closes the database under the running server: whatever still answers, answers without it. */
  loseDatabase(): Promise<void>;
  close(): Promise<void>;
}

const clientOf = (server: string, options: Partial<ClientOptions> = {}): Client =>
  createClient({ server, token: testToken, reconnect: { baseMs: 5, capMs: 20 }, ...options });

/** Streams look every 10 to 50 ms, so that no test waits for a poll. */
const quick = { leastPollMs: 10, pollMs: 50 };

/** A server on a free port over a real PostgreSQL database of its own, with a client, and an executor by hand. */
export const startApi = async (): Promise<Api> => startOver(await freshDatabase(), 'postgres');

/** The same over a real embedded database; it takes seconds to make, so one test file has it. */
export const startEmbeddedApi = async (): Promise<Api> => startOver(await freshEmbedded(), 'embedded');

const startOver = async (
  fresh: FreshDatabase,
  databaseKind: ApiServerOptions['databaseKind'],
): Promise<Api> => {
  const { database } = fresh;
  const installation = await database.queue.installation();
  const closers: (() => Promise<void>)[] = [];
  const serve: Api['serve'] = async (more = {}, port = 0) => {
    const server = createApiServer({
      database,
      databaseKind,
      installation,
      logs: null,
      token: testToken,
      runtimeKind: 'process',
      autoRegisterImages: true,
      outputsSupported: true,
      version: '0.0.0-test',
      dagRules,
      log: silentLog,
      ...more,
      timings: { ...quick, ...more.timings },
    });
    const { url } = await server.listen({ host: '127.0.0.1', port });
    closers.push(() => server.close());
    return { url, client: clientOf(url), close: () => server.close() };
  };
  const { url, client } = await serve();
  let lost = false;
  return {
    url,
    client,
    database,
    installation,
    driver: await createDriver(database),
    serve,
    async loseDatabase() {
      lost = true;
      await fresh.close();
    },
    async close() {
      await Promise.all(closers.map((close) => close()));
      if (!lost) await fresh.close();
    },
  };
};
