import { OrchestratorError } from '@job-orchestrator/types/errors';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { token as parseToken } from '../config/parsers.ts';
import { ensureToken, makeDataFolder } from '../discovery/data-folder.ts';

const wrongFile = (path: string, message: string, allowed: string): OrchestratorError =>
  new OrchestratorError('invalid_configuration', 'the file with the token cannot be used', [
    { field: 'API_TOKEN_FILE', message, limit: allowed, value: path },
  ]);

const readTokenFile = async (path: string): Promise<string> => {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw wrongFile(path, error.message, 'a file that can be read');
  });
  const parsed = parseToken(text.trim());
  if (parsed.ok) return parsed.value;
  throw wrongFile(path, 'holds no token', parsed.allowed);
};

/** The token that the API asks for: the configured one, else that of the data folder, made at the first start. */
export const apiToken = async ({ api, dataDir }: Config): Promise<string> => {
  if (api.token?.kind === 'value') return api.token.token;
  if (api.token?.kind === 'file') return readTokenFile(api.token.path);
  return ensureToken(await makeDataFolder(dataDir));
};
