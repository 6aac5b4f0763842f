import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { parseConfig } from '../config/parse-config.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { tokenPath } from '../discovery/data-folder.ts';
import { fault, ok, warning, type Finding } from './finding.ts';

/** The configuration as `serve` would read it, or one finding per wrong variable. */
export const checkConfiguration = (
  environment: Environment,
): { readonly config: Config | null; readonly findings: readonly Finding[] } => {
  try {
    const around = readSurroundings({
      defaultRuntime: 'kubernetes',
      defaultLog: { level: 'info', format: 'json' },
    });
    return {
      config: parseConfig(environment, around),
      findings: [ok('settings', 'every variable has a value that is allowed')],
    };
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    return {
      config: null,
      findings: error.problems.map(({ field, message, value, limit }) =>
        fault('settings', `${field} ${message}: ${value ?? ''}`, `set ${field} to ${limit}, or unset it`),
      ),
    };
  }
};

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const nearestFolder = async (path: string): Promise<string> =>
  (await exists(path)) || dirname(path) === path ? path : nearestFolder(dirname(path));

const checkToken = async (dataDir: string): Promise<readonly Finding[]> => {
  const path = tokenPath(dataDir);
  const found = await stat(path).catch(() => null);
  if (found === null || (found.mode & 0o077) === 0) return [];
  return [warning('token', `${path} can be read by other users`, `chmod 600 ${path}`)];
};

/** The data folder can be written, or made; its token is for its owner only. */
export const checkDataFolder = async (dataDir: string): Promise<readonly Finding[]> => {
  const folder = await nearestFolder(dataDir);
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch {
    return [
      fault('data folder', `${folder} cannot be written`, 'give another folder with --data or DATA_DIR'),
    ];
  }
  const state = folder === dataDir ? 'can be written' : 'is not there yet; the first start makes it';
  return [ok('data folder', `${dataDir} ${state}`), ...(await checkToken(dataDir))];
};
