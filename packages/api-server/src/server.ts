import type { DagRules, OperationDeps } from '@job-orchestrator/operations';
import {
  newDagRunId,
  newJobId,
  OrchestratorError,
  type Database,
  type InstallationId,
  type Logger,
  type LogSource,
  type RuntimeKind,
} from '@job-orchestrator/types';
import type { FastifyInstance } from 'fastify';
import { createApp } from './app.ts';
import { defaultTimings, type ApiContext, type Timings } from './context.ts';
import { createWakeHub } from './follow/wake-hub.ts';
import { hostName, loopbackHosts, trustOf, type Trust } from './http/guards.ts';
import { openApiDocument } from './openapi/document.ts';
import { routes } from './routes/all.ts';

export interface ApiServerOptions {
  readonly database: Database;
  /** Shown by `GET /installation`. */
  readonly databaseKind: 'postgres' | 'embedded';
  readonly installation: InstallationId;
  /** Live logs; null where this process cannot reach the runtime: then only stored ones are served. */
  readonly logs: LogSource | null;
  /** The bearer token; null: none is asked for, and the server listens on loopback only. */
  readonly token: string | null;
  readonly runtimeKind: RuntimeKind;
  /** True in `dev`: an unknown image name is registered at its first use. */
  readonly autoRegisterImages: boolean;
  /** False: no output collector is set up, and a job that declares an output is refused. */
  readonly outputsSupported: boolean;
  readonly version: string;
  readonly dagRules: DagRules;
  readonly log: Logger;
  /** Names under which clients reach the server, beside loopback and the address itself; checked against `Host`. */
  readonly allowedHosts?: readonly string[];
  readonly timings?: Partial<Timings>;
}

/** Where to listen; port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface ApiServer {
  /** Throws `invalid_configuration` for an address beyond loopback without a token, or one that cannot be had. */
  listen(address: ListenAddress): Promise<{ readonly url: string }>;
  /** Ends streams, lets requests finish, and closes; the database stays open. Safe to repeat. */
  close(): Promise<void>;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Without a token anybody who reaches the port may run programs here. */
const refuseOpenDoor = (host: string, token: string | null): void => {
  if (token !== null || isLoopback(host)) return;
  throw new OrchestratorError(
    'invalid_configuration',
    `Without a token the API listens on loopback only, not on ${host}.`,
    [
      {
        field: 'API_LISTEN',
        message: 'must be a loopback address where no token is set',
        limit: '127.0.0.1',
        value: host,
      },
    ],
  );
};

/**
 * The names to accept. A server on all addresses cannot know its names unless it is told; it always asks a token,
 * which a page that rebinds DNS does not have.
 */
const hostsOf = (host: string, allowed: readonly string[] | undefined): ReadonlySet<string> | null => {
  if (isWildcard(host) && allowed === undefined) return null;
  const own = hostName(inUrl(host));
  return new Set([
    ...loopbackHosts,
    ...(own === null ? [] : [own]),
    ...(allowed ?? []).map((name) => name.toLowerCase()),
  ]);
};

const operationDeps = (options: ApiServerOptions): OperationDeps => ({
  database: options.database,
  dagRules: options.dagRules,
  newDagRunId,
  newJobId,
  outputsSupported: options.outputsSupported,
  autoRegisterImages: options.autoRegisterImages,
});

const createContext = async (options: ApiServerOptions, closing: AbortSignal): Promise<ApiContext> => ({
  database: options.database,
  operations: operationDeps(options),
  installation: options.installation,
  databaseKind: options.databaseKind,
  runtimeKind: options.runtimeKind,
  version: options.version,
  logs: options.logs,
  log: options.log,
  wakes: createWakeHub(options.database.wakeUps),
  timings: { ...defaultTimings, ...options.timings },
  openApi: await openApiDocument(routes),
  closing,
});

const listen = async (app: FastifyInstance, address: ListenAddress): Promise<string> => {
  try {
    await app.listen(address);
  } catch (error) {
    const what = `${inUrl(address.host)}:${address.port}`;
    const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    const why = error instanceof Error ? error.message : String(error);
    const message = inUse
      ? 'is in use by another program; choose another port, 0 for any'
      : 'cannot be listened on';
    throw new OrchestratorError('invalid_configuration', `Cannot listen on ${what}: ${why}.`, [
      { field: 'API_LISTEN', message, value: what },
    ]);
  }
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return `http://${inUrl(address.host)}:${port}`;
};

/** How long requests under way may take once the server closes. */
const lastRequestsMs = 10_000;

/** A connection whose request ends after the close began stays open, idle, for its keep-alive: that must not hold us. */
const closeApp = async (app: FastifyInstance): Promise<void> => {
  const idle = setInterval(() => app.server.closeIdleConnections(), 20);
  const late = setTimeout(() => app.server.closeAllConnections(), lastRequestsMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(late);
  }
};

/** The HTTP API over a database. It opens nothing until `listen`. */
export const createApiServer = (options: ApiServerOptions): ApiServer => {
  const closing = new AbortController();
  let running: { readonly app: FastifyInstance; readonly context: ApiContext } | null = null;
  return {
    async listen(address) {
      refuseOpenDoor(address.host, options.token);
      const context = await createContext(options, closing.signal);
      const trust: Trust = trustOf(options.token, hostsOf(address.host, options.allowedHosts));
      const app = createApp(context, routes, trust);
      running = { app, context };
      const url = await listen(app, address);
      options.log.info({ url }, 'the API listens');
      return { url };
    },
    async close() {
      closing.abort();
      const ending = running;
      running = null;
      ending?.context.wakes.close();
      if (ending !== null) await closeApp(ending.app);
    },
  };
};
