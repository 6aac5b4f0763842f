import type { Executor } from '@job-orchestrator/executor-core';
import type { Database } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { resolve } from 'node:path';
import type { Cli } from '../commands/cli.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { parseConfig } from '../config/parse-config.ts';
import { settingsWarnings } from '../config/settings-warnings.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { tokenPath } from '../discovery/data-folder.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { version } from '../version.ts';
import { announce } from './announce.ts';
import { createClosers } from './closers.ts';
import { createLogger } from './logger.ts';
import {
  drainMs,
  openContext,
  openRuntime,
  startApi,
  startDags,
  startExecutor,
  type Context,
} from './parts.ts';
import { firstStopSignal } from './signals.ts';
import { apiToken } from './token.ts';

export interface DevFlags {
  readonly data?: string;
  readonly port?: number;
}

/** `dev` keeps its own database, whatever the environment says: it would run other people's jobs without isolation. */
const devEnvironment = (
  { DATABASE_URL: _, DATABASE_LISTEN_URL: __, ...environment }: Environment,
  flags: DevFlags,
) => ({
  ...environment,
  ...(flags.data === undefined ? {} : { DATA_DIR: flags.data }),
  ...(flags.port === undefined ? {} : { API_LISTEN: `127.0.0.1:${flags.port}` }),
});

const devConfig = (cli: Cli, flags: DevFlags): Config => {
  const around = readSurroundings({
    defaultRuntime: 'process',
    defaultLog: { level: 'warn', format: 'text' },
  });
  const config = parseConfig(devEnvironment(cli.environment, flags), around);
  return { ...config, dataDir: resolve(config.dataDir) };
};

const banner = ({ screen }: Cli, { config }: Context, url: string): void => {
  const { bold, yellow } = screen.errColours;
  screen.note(`${bold('Job Orchestrator')} ${version}, embedded`);
  screen.note(`  API    ${url}`);
  screen.note(`  data   ${config.dataDir}`);
  screen.note(`  token  ${tokenPath(config.dataDir)}`);
  if (config.runtime === 'process')
    screen.note(
      yellow(
        '  No isolation: jobs run as processes of this user, on this machine. Images are noted, not used.',
      ),
    );
  screen.note('  Try it in another terminal: job-orchestrator run hello -- echo "Hello"');
  screen.note('  Ctrl-C stops it; what runs then goes on.');
};

const runningIds = async (database: Database): Promise<readonly string[]> => {
  const filter = {
    project: null,
    topic: null,
    states: ['claimed', 'running'],
    image: null,
    labels: {},
  } as const;
  const { items } = await database.history.listJobs(filter, { after: null, limit: 500 });
  return items.map(({ id }) => shortId(id));
};

/** Running programs are not killed: they go on, and the next start records how they ended. */
const drain = async ({ screen }: Cli, { database }: Context, executor: Executor): Promise<void> => {
  screen.note('stopping; Ctrl-C again ends at once');
  await executor.drain(drainMs);
  const left = await runningIds(database);
  if (left.length === 0) return;
  screen.note(
    `${left.length === 1 ? '1 job goes' : `${left.length} jobs go`} on without us: ${left.join(' ')}`,
  );
  screen.note('the next `dev` on this data folder takes up what became of them; `cancel` stops them then');
};

const runUntil = async (cli: Cli, context: Context, stop: Promise<NodeJS.Signals>): Promise<void> => {
  const token = await apiToken(context.config);
  const runtime = await openRuntime(context);
  // First of all, because the port may be taken: nothing is claimed then.
  const url = await startApi(context, { logs: runtime, token, autoRegisterImages: true });
  const executor = await startExecutor(context, runtime);
  await startDags(context);
  await announce(context, url);
  banner(cli, context, url);
  await stop;
  await drain(cli, context, executor);
};

/** `dev`: database, executor and API in one process, in the foreground, until Ctrl-C. */
export const dev = async (cli: Cli, flags: DevFlags): Promise<number> => {
  const config = devConfig(cli, flags);
  if (cli.environment['DATABASE_URL'])
    cli.screen.note('DATABASE_URL is set and not used here: `dev` keeps its own database; `serve` uses it');
  const log = createLogger(config.log);
  for (const warning of settingsWarnings(cli.environment)) log.warn({}, warning);
  const closers = createClosers(log);
  const stop = firstStopSignal();
  try {
    await runUntil(cli, await openContext(config, log, closers), stop);
  } finally {
    await closers.closeAll();
  }
  cli.screen.note('stopped');
  return exitCodes.ok;
};
