import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OrchestratorError } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ensureToken,
  makeDataFolder,
  readServerFile,
  readToken,
  removeServerFile,
  serverFilePath,
  tokenPath,
  writeServerFile,
} from './data-folder.ts';
import { explainUnauthorized, explainUnreachable, findServer } from './find-server.ts';

let dataDir = '';
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-data-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

const local = {
  url: 'http://127.0.0.1:4711',
  pid: process.pid,
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
};
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the data folder', () => {
  test('is made for its owner only', async () => {
    expect(await modeOf(await makeDataFolder(join(dataDir, 'a', 'b')))).toBe(0o700);
  });

  test('that cannot be made is refused by the name of its setting', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    // Under procfs Node's recursive mkdir never ended.
    const nowhere = process.platform === 'linux' ? ['/proc/nowhere', '/proc/nowhere/below'] : [];
    for (const folder of [file, join(file, 'below'), ...nowhere])
      await expect(makeDataFolder(folder)).rejects.toMatchObject({
        code: 'invalid_configuration',
        problems: [{ field: 'DATA_DIR', value: folder }],
      });
  });

  test('has one token, however many ask for it first, that only its owner reads', async () => {
    const tokens = await Promise.all(Array.from({ length: 8 }, () => ensureToken(dataDir)));
    expect(new Set(tokens).size).toBe(1);
    expect(tokens[0]).toMatch(/^[\w-]{43}$/);
    expect(await modeOf(tokenPath(dataDir))).toBe(0o600);
    expect(await ensureToken(dataDir)).toBe(tokens[0]);
  });

  test('with a damaged token is refused with the file and what to do', async () => {
    await writeFile(tokenPath(dataDir), 'half a\ntoken');
    await expect(readToken(dataDir)).rejects.toMatchObject({
      code: 'invalid_configuration',
      problems: [
        { message: expect.stringContaining(`${tokenPath(dataDir)} holds no token; delete it`) as string },
      ],
    });
  });
  test('says who serves it', async () => {
    expect(await readServerFile(dataDir)).toBeNull();
    await writeServerFile(dataDir, local);
    expect(await readServerFile(dataDir)).toEqual(local);
    expect(await modeOf(serverFilePath(dataDir))).toBe(0o600);
    await removeServerFile(dataDir, local.pid + 1);
    expect(await readServerFile(dataDir)).toEqual(local);
    await removeServerFile(dataDir, local.pid);
    expect(await readServerFile(dataDir)).toBeNull();
  });

  test('with a damaged file counts as served by nobody', async () => {
    await writeFile(serverFilePath(dataDir), '{"url": 1');
    expect(await readServerFile(dataDir)).toBeNull();
  });
});

describe('the server of a command', () => {
  test('is the one of --server, then of the environment, then of the data folder', async () => {
    await writeServerFile(dataDir, local);
    const environment = { JOB_ORCHESTRATOR_SERVER: 'http://b:2/' };
    expect((await findServer({ dataDir, server: 'http://a:1' }, environment)).url).toBe('http://a:1');
    expect(await findServer({ dataDir }, environment)).toMatchObject({
      url: 'http://b:2',
      source: 'environment',
    });
    expect(await findServer({ dataDir }, {})).toMatchObject({ url: local.url, pid: process.pid });
  });

  test('gets the token of the data folder only where it is the server of that folder', async () => {
    await writeServerFile(dataDir, local);
    const token = await ensureToken(dataDir);
    expect((await findServer({ dataDir }, {})).token).toBe(token);
    expect((await findServer({ dataDir, server: local.url }, {})).token).toBe(token);
    expect((await findServer({ dataDir, server: 'http://elsewhere:1' }, {})).token).toBeNull();
  });

  test('gets the token of --token-file, then of the environment', async () => {
    const tokenFile = join(dataDir, 'mine');
    await writeFile(tokenFile, 'from-file\n');
    const environment = { JOB_ORCHESTRATOR_TOKEN: 'from-environment' };
    const server = 'http://a:1';
    expect((await findServer({ dataDir, server, tokenFile }, environment)).token).toBe('from-file');
    expect((await findServer({ dataDir, server }, environment)).token).toBe('from-environment');
  });

  test('that refuses a token names where the token came from, or how to give one', async () => {
    const refused = new OrchestratorError('unauthorized', 'The token is not the one of this server.');
    const server = 'http://a:1';
    const given = await findServer({ dataDir, server }, { JOB_ORCHESTRATOR_TOKEN: 'secret' });
    const explained = explainUnauthorized(refused, given);
    expect(explained).toMatchObject({ code: 'unauthorized' });
    expect(explained.message).toBe('http://a:1 refuses the token of JOB_ORCHESTRATOR_TOKEN');
    const none = await findServer({ dataDir, server }, {});
    expect(explainUnauthorized(refused, none).message).toContain(
      'none was given: set JOB_ORCHESTRATOR_TOKEN',
    );
    await writeServerFile(dataDir, local);
    await ensureToken(dataDir);
    const own = await findServer({ dataDir }, {});
    expect(explainUnauthorized(refused, own).message).toContain(tokenPath(dataDir));
  });

  test('that nobody names does not exist, and the message says where we looked', async () => {
    await expect(findServer({ dataDir }, {})).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringContaining(dataDir) as string,
    });
  });

  test('with a wrong address is refused by the name of its setting', async () => {
    await expect(findServer({ dataDir, server: 'localhost:1' }, {})).rejects.toMatchObject({
      problems: [{ field: '--server', value: 'localhost:1' }],
    });
    await expect(findServer({ dataDir }, { JOB_ORCHESTRATOR_SERVER: 'ftp://x' })).rejects.toMatchObject({
      problems: [{ field: 'JOB_ORCHESTRATOR_SERVER' }],
    });
    const tokenFile = join(dataDir, 'none');
    await expect(findServer({ dataDir, server: 'http://a:1', tokenFile }, {})).rejects.toMatchObject({
      problems: [{ field: '--token-file', value: tokenFile }],
    });
  });

  test('that was killed is told apart from one that is silent', async () => {
    const gone = 2 ** 22 - 1;
    await writeServerFile(dataDir, { ...local, pid: gone });
    const server = await findServer({ dataDir }, {});
    const silent = new OrchestratorError('server_unreachable', 'nothing answers');
    expect(explainUnreachable(silent, server, dataDir).message).toContain(`its process ${gone} is gone`);
    expect(explainUnreachable(silent, { ...server, pid: process.pid }, dataDir)).toBe(silent);
    expect(await readFile(serverFilePath(dataDir), 'utf8')).toContain(local.url);
  });
});
