import { randomBytes } from 'node:crypto';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import {
  access,
  chmod,
  constants,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { allowedToken, isToken } from '../config/token-text.ts';

/** What a running server leaves in its data folder, so that the commands of the same user find it. */
export interface ServerFile {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: string;
}

export const tokenPath = (dataDir: string): string => join(dataDir, 'token');
export const serverFilePath = (dataDir: string): string => join(dataDir, 'server.json');

const cannotMake = (folder: string, error: unknown): OrchestratorError =>
  new OrchestratorError('invalid_configuration', 'the data folder cannot be used', [
    {
      field: 'DATA_DIR',
      message: (error as Error).message,
      limit: 'a folder that can be written',
      value: folder,
    },
  ]);

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const makeOne = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error;
  }
};

const isAbsent = (path: string): Promise<boolean> =>
  access(path).then(
    () => false,
    (error: unknown) => codeOf(error) === 'ENOENT',
  );

/** Parents first. Node's own `recursive` never ends where a parent exists and still says ENOENT, as under /proc. */
const makeWithParents = async (folder: string): Promise<void> => {
  const parent = dirname(folder);
  if (parent !== folder && (await isAbsent(parent))) await makeWithParents(parent);
  await makeOne(folder);
};

/**
 * Makes the folder, readable for its owner only, and returns its absolute path.
 * Throws `invalid_configuration` where it cannot be made or written.
 */
export const makeDataFolder = async (dataDir: string): Promise<string> => {
  const folder = resolve(dataDir);
  try {
    await makeWithParents(folder);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw cannotMake(folder, error);
  }
  return folder;
};

const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** Throws `invalid_configuration` where there is something that cannot be read. */
const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw cannotMake(dirname(path), error);
  }
};

/** Stores a file of this user alone; a reader sees the old content or the new, never a part. */
const writeWhole = async (path: string, content: string): Promise<void> => {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
};

const damagedToken = (path: string): OrchestratorError =>
  new OrchestratorError('invalid_configuration', 'the token of the data folder is damaged', [
    {
      field: 'DATA_DIR',
      message: `${path} holds no token; delete it, and the next start makes a new one`,
      limit: allowedToken,
    },
  ]);

/**
 * The token of the data folder; null where there is none yet.
 * Throws `invalid_configuration` where the file holds something else (half a write, an editor's doing).
 */
export const readToken = async (dataDir: string): Promise<string | null> => {
  const text = (await readIfThere(tokenPath(dataDir)))?.trim() ?? null;
  if (text !== null && !isToken(text)) throw damagedToken(tokenPath(dataDir));
  return text;
};

/** The folder's token, made at the first start: 256 random bits. Two starts at once agree on one. */
export const ensureToken = async (dataDir: string): Promise<string> => {
  const path = tokenPath(dataDir);
  const found = await readToken(dataDir);
  if (found === null) {
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
    await writeFile(temporary, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await rm(temporary);
  }
  await chmod(path, 0o600);
  return found ?? ensureToken(dataDir);
};

export const writeServerFile = (dataDir: string, file: ServerFile): Promise<void> =>
  writeWhole(serverFilePath(dataDir), `${JSON.stringify(file, null, 2)}\n`);

/** Who serves this folder, as it said; null where none did. A killed server leaves its file behind. */
export const readServerFile = async (dataDir: string): Promise<ServerFile | null> => {
  const text = await readIfThere(serverFilePath(dataDir));
  try {
    const file = JSON.parse(text ?? 'null') as ServerFile | null;
    return file !== null && typeof file.url === 'string' && Number.isInteger(file.pid) ? file : null;
  } catch {
    return null;
  }
};

/** Takes our word back. In a rolling restart the next server may have left its own meanwhile: that stays. */
export const removeServerFile = async (dataDir: string, pid: number): Promise<void> => {
  if ((await readServerFile(dataDir))?.pid === pid) await rm(serverFilePath(dataDir), { force: true });
};
