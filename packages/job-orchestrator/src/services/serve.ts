import type { Executor } from '@job-orchestrator/executor-core';
import type { Logger, LogSource } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import type { Cli } from '../commands/cli.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { settingsWarnings } from '../config/settings-warnings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { tokenPath } from '../discovery/data-folder.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { version } from '../version.ts';
import { announce } from './announce.ts';
import { createClosers } from './closers.ts';
import { startCollectorListener } from './collector-listener.ts';
import { createLogger } from './logger.ts';
import {
  drainMs,
  openContext,
  openLogs,
  openRuntime,
  startApi,
  startDags,
  startExecutor,
  type Context,
  type Runtime,
} from './parts.ts';
import { firstStopSignal } from './signals.ts';
import { apiToken } from './token.ts';

export type Role = 'executor' | 'dag' | 'api';

/** One role alone cannot do with a database that only one process may open. */
const refuseLonelyRole = (config: Config, roles: readonly Role[]): void => {
  if (config.database.kind === 'postgres' || roles.length > 1) return;
  throw new OrchestratorError(
    'invalid_configuration',
    `\`${roles[0]}\` shares its database with other processes`,
    [{ field: 'DATABASE_URL', message: 'is not set', limit: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE' }],
  );
};

/** Live logs are worth having, but an API that cannot reach the runtime still serves all that is stored. */
const logsOrNone = async (context: Context): Promise<LogSource | null> => {
  try {
    return await openLogs(context);
  } catch (error) {
    context.log.warn({ error: (error as Error).message }, 'the runtime cannot be reached: no live logs here');
    return null;
  }
};

const serveApi = async (context: Context, logs: LogSource | null): Promise<void> => {
  const { config, log } = context;
  const url = await startApi(context, { logs, token: await apiToken(config), autoRegisterImages: false });
  const token = config.api.token === null ? { tokenFile: tokenPath(config.dataDir) } : {};
  if (config.api.token === null) await announce(context, url);
  await startCollectorListener(context);
  log.info({ url, ...token }, 'the API is ready');
};

const serveExecutor = async (context: Context, runtime: Runtime): Promise<Executor> => {
  const executor = await startExecutor(context, runtime);
  const { name, topics, maxRunning } = context.config.executor;
  context.log.info(
    { name, topics: topics ?? 'ALL', maxRunning, runtime: runtime.key },
    'the executor is ready',
  );
  return executor;
};

/** Starts the roles; returns how to end them. */
const start = async (context: Context, roles: readonly Role[]): Promise<() => Promise<void>> => {
  const runtime = roles.includes('executor') ? await openRuntime(context) : null;
  // The API first, because its port may be taken: nothing is claimed then.
  if (roles.includes('api')) await serveApi(context, runtime ?? (await logsOrNone(context)));
  const executor = runtime === null ? null : await serveExecutor(context, runtime);
  if (roles.includes('dag')) await startDags(context);
  return async () => executor?.drain(drainMs);
};

const startLine = (config: Config, roles: readonly Role[], log: Logger): void =>
  log.info(
    { version, roles, database: config.database.kind, runtime: config.runtime },
    'Job Orchestrator starts',
  );

/** `serve`, `executor`, `dag` and `api`: the roles of production, until a signal says stop. */
export const serve = async (cli: Cli, roles: readonly Role[]): Promise<number> => {
  const config = parseConfig(
    cli.environment,
    readSurroundings({ defaultRuntime: 'kubernetes', defaultLog: { level: 'info', format: 'json' } }),
  );
  refuseLonelyRole(config, roles);
  const log = createLogger(config.log);
  for (const warning of settingsWarnings(cli.environment)) log.warn({}, warning);
  const closers = createClosers(log);
  const stop = firstStopSignal();
  startLine(config, roles, log);
  try {
    const drain = await start(await openContext(config, log, closers), roles);
    log.info({ signal: await stop }, 'stopping; a second signal ends at once');
    await drain();
  } finally {
    await closers.closeAll();
  }
  log.info({}, 'stopped');
  return exitCodes.ok;
};
