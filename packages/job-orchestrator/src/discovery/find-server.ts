import { OrchestratorError } from '@job-orchestrator/types/errors';
import { readFile } from 'node:fs/promises';
import type { Environment } from '../config/environment.ts';
import { readServerFile, readToken, serverFilePath, type ServerFile } from './data-folder.ts';

/** How a command was told which server to talk to. */
export interface ServerOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly dataDir: string;
}

/** A server to talk to. `pid` is known where it is a `dev` of this machine. */
export interface FoundServer {
  readonly url: string;
  readonly token: string | null;
  readonly source: 'option' | 'environment' | 'data folder';
  readonly pid: number | null;
}

const checkUrl = (url: string, field: string): string => {
  if (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol))
    return url.replace(/\/+$/, '');
  throw new OrchestratorError('invalid_input', 'the address of the server is wrong', [
    {
      field,
      message: 'is not an address',
      limit: 'http://HOST:PORT or https://HOST:PORT',
      value: url.slice(0, 200),
    },
  ]);
};

const readTokenFile = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new OrchestratorError('invalid_input', 'the token cannot be read', [
      { field: '--token-file', message: (error as Error).message, value: path },
    ]);
  }
};

/** The folder's own token goes to the folder's own server only, never to another address. */
const tokenFor = async (
  url: string,
  options: ServerOptions,
  environment: Environment,
  local: ServerFile | null,
): Promise<string | null> => {
  if (options.tokenFile !== undefined) return readTokenFile(options.tokenFile);
  const given = environment['JOB_ORCHESTRATOR_TOKEN']?.trim();
  if (given) return given;
  return local?.url === url ? readToken(options.dataDir) : null;
};

const nobody = (dataDir: string): OrchestratorError =>
  new OrchestratorError('server_unreachable', `no \`dev\` runs on ${dataDir}, and no other server was named`);

/**
 * The server for a command: `--server`, else JOB_ORCHESTRATOR_SERVER, else the `dev` that runs on the data folder.
 * Throws `server_unreachable` where none of them names one, `invalid_input` for a wrong address or token file.
 */
export const findServer = async (options: ServerOptions, environment: Environment): Promise<FoundServer> => {
  const local = await readServerFile(options.dataDir);
  const named = options.server ?? (environment['JOB_ORCHESTRATOR_SERVER']?.trim() || undefined);
  if (named === undefined && local === null) throw nobody(options.dataDir);
  const field = options.server === undefined ? 'JOB_ORCHESTRATOR_SERVER' : '--server';
  const url = named === undefined ? local!.url : checkUrl(named, field);
  return {
    url,
    token: await tokenFor(url, options, environment, local),
    source: named === undefined ? 'data folder' : options.server === undefined ? 'environment' : 'option',
    pid: local?.url === url ? local.pid : null,
  };
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Adds to a failed call what the data folder knows: a `dev` that was killed says so. */
export const explainUnreachable = (
  error: OrchestratorError,
  server: FoundServer,
  dataDir: string,
): OrchestratorError => {
  if (error.code !== 'server_unreachable' || server.pid === null || isAlive(server.pid)) return error;
  const file = serverFilePath(dataDir);
  return new OrchestratorError(
    'server_unreachable',
    `${file} names ${server.url}, but its process ${server.pid} is gone`,
  );
};
