import { OrchestratorError } from '@job-orchestrator/types/errors';
import { readFile } from 'node:fs/promises';
import type { Environment } from '../config/environment.ts';
import { readServerFile, readToken, serverFilePath, tokenPath, type ServerFile } from './data-folder.ts';

/** How a command was told which server to talk to. */
export interface ServerOptions {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly dataDir: string;
}

/** A server to talk to. `pid` is known where it runs on the data folder. */
export interface FoundServer {
  readonly url: string;
  readonly token: string | null;
  /** Where the token comes from, as a person would find it; null where there is none. */
  readonly tokenSource: string | null;
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

/** What can stand in a header. What fetch says of anything else repeats the token. */
const checkToken = (token: string, field: string): string => {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new OrchestratorError('invalid_input', 'the token cannot be sent', [
    {
      field,
      message: token === '' ? 'is empty' : 'is not a token',
      limit: 'one word of visible ASCII characters',
      value: `(hidden, ${token.length} characters)`,
    },
  ]);
};

/** The folder's own token goes to the folder's own server only, never to another address. */
const tokenFor = async (
  url: string,
  options: ServerOptions,
  environment: Environment,
  local: ServerFile | null,
): Promise<Pick<FoundServer, 'token' | 'tokenSource'>> => {
  const { tokenFile, dataDir } = options;
  if (tokenFile !== undefined)
    return {
      token: checkToken(await readTokenFile(tokenFile), '--token-file'),
      tokenSource: `--token-file ${tokenFile}`,
    };
  const given = environment['JOB_ORCHESTRATOR_TOKEN']?.trim();
  if (given)
    return { token: checkToken(given, 'JOB_ORCHESTRATOR_TOKEN'), tokenSource: 'JOB_ORCHESTRATOR_TOKEN' };
  const token = local?.url === url ? await readToken(dataDir) : null;
  return { token, tokenSource: token === null ? null : tokenPath(dataDir) };
};

const nobody = (dataDir: string): OrchestratorError =>
  new OrchestratorError('server_unreachable', `no server runs on ${dataDir}, and no other was named`);

/**
 * The server for a command: `--server`, else JOB_ORCHESTRATOR_SERVER, else the one that runs on the data folder.
 * Throws `server_unreachable` where none of them names one, `invalid_input` for a wrong address or token.
 */
export const findServer = async (options: ServerOptions, environment: Environment): Promise<FoundServer> => {
  const local = await readServerFile(options.dataDir);
  const named = options.server ?? (environment['JOB_ORCHESTRATOR_SERVER']?.trim() || undefined);
  if (named === undefined && local === null) throw nobody(options.dataDir);
  const field = options.server === undefined ? 'JOB_ORCHESTRATOR_SERVER' : '--server';
  const url = named === undefined ? local!.url : checkUrl(named, field);
  return {
    url,
    ...(await tokenFor(url, options, environment, local)),
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

/** Adds to a failed call what the data folder knows: a server that was killed is named. */
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

/** Names where a refused token came from; without one, how to give one. */
export const explainUnauthorized = (error: OrchestratorError, server: FoundServer): OrchestratorError => {
  if (error.code !== 'unauthorized') return error;
  const { url, tokenSource } = server;
  const what =
    tokenSource === null
      ? `${url} asks for a token, and none was given: set JOB_ORCHESTRATOR_TOKEN or --token-file`
      : `${url} refuses the token of ${tokenSource}`;
  return new OrchestratorError('unauthorized', what, error.problems, { cause: error });
};
