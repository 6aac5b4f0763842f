import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type Client } from '@job-orchestrator/client';
import { emptyDatabaseUrl } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start, until, type Finished, type Running } from '../testing/cli.ts';

const token = 'a-token-for-this-test-only';
let dataDir = '';
let url = '';
const running: Running[] = [];

const environment = (): Record<string, string> => ({
  DATABASE_URL: url,
  EXECUTOR_RUNTIME: 'process',
  API_LISTEN: '127.0.0.1:0',
  API_TOKEN: token,
});

const jo = (words: readonly string[], more: Record<string, string> = {}): Promise<Finished> =>
  start(dataDir, words, { ...environment(), ...more }).finished;

/** The value of a field in the log line with this message; null while there is none. */
const logged = ({ stderr }: Running, message: string, field: string): string | null => {
  const line = stderr()
    .split('\n')
    .find((text) => text.includes(`"msg":"${message}"`));
  return line === undefined ? null : String((JSON.parse(line) as Record<string, unknown>)[field]);
};

const startRole = async (role: string, ready: string): Promise<Running> => {
  const process = start(dataDir, [role], environment());
  running.push(process);
  await until(`${role} to say that ${ready}`, () => {
    if (process.child.exitCode !== null) throw new Error(process.stderr());
    return process.stderr().includes(ready);
  });
  return process;
};

const clientOfApi = async (): Promise<{ api: Running; client: Client; server: string }> => {
  const api = await startRole('api', 'the API is ready');
  const server = logged(api, 'the API is ready', 'url') ?? '';
  return { api, client: createClient({ server, token }), server };
};

const stop = async (process: Running): Promise<Finished> => {
  process.child.kill('SIGTERM');
  return process.finished;
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-serve-'));
  url = await emptyDatabaseUrl();
});
afterAll(async () => {
  await Promise.all(running.map(stop));
  await rm(dataDir, { recursive: true, force: true });
});

test('roles of production, from an empty database to a job that two executors hand over', async () => {
  const early = await jo(['executor']);
  expect({ code: early.code, stderr: early.stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/schema_outdated.*job-orchestrator migrate/s) as string,
  });

  expect(await jo(['migrate'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('applied') as string,
  });
  expect(await jo(['migrate'])).toMatchObject({ code: 0, stdout: '' });

  const { client, server } = await clientOfApi();
  const unknown = await jo(['run', '--exit-status=class', '--server', server, 'hello', '--', 'true']);
  expect(unknown.code).toBe(4);
  const named = { JOB_ORCHESTRATOR_SERVER: server, JOB_ORCHESTRATOR_TOKEN: token };
  const refused = await jo(['run', '--exit-status=class', 'hello', '--', 'true'], named);
  expect(refused.code).toBe(5);
  expect(refused.stderr).toContain('job-orchestrator image add hello');
  expect((await jo(['image', 'add', 'hello', 'hello:1'], named)).code).toBe(0);

  const gate = join(dataDir, 'gate');
  const ledger = join(dataDir, 'ledger');
  const script = `echo run >> ${ledger}; while [ ! -e ${gate} ]; do sleep 0.05; done; echo done`;
  const { jobs } = await client.submitJobs({ image: 'hello', command: ['sh', '-c', script] });
  const id = jobs[0]!.id;
  expect((await jo(['describe', 'job', id], named)).stdout).toMatch(/executor/);

  const first = await startRole('executor', 'the executor is ready');
  await until('the job to run', async () => (await client.getJob(id)).state === 'running');
  expect((await stop(first)).code).toBe(0);

  const second = await startRole('executor', 'the executor is ready');
  await writeFile(gate, '');
  await until('the job to complete', async () => (await client.getJob(id)).state === 'completed');
  expect((await client.getJob(id)).attempts).toHaveLength(1);
  expect(await readFile(ledger, 'utf8')).toBe('run\n');
  expect((await jo(['logs', id], named)).stdout).toBe('done\n');
  expect((await stop(second)).code).toBe(0);
});

test('an executor or an API alone wants a database that can be shared', async () => {
  for (const role of ['executor', 'api', 'migrate']) {
    const { code, stderr } = await start(dataDir, [role], { EXECUTOR_RUNTIME: 'process' }).finished;
    expect({ role, code }).toEqual({ role, code: 2 });
    expect(stderr).toContain('DATABASE_URL: is not set');
  }
});

test('a database that does not answer is told without its password', async () => {
  const DATABASE_URL = 'postgres://ann:s3cret@127.0.0.1:9/none';
  for (const words of [['executor'], ['migrate'], ['doctor', '-o', 'json']]) {
    const { code, stdout, stderr } = await jo(words, { DATABASE_URL });
    expect(code).toBe(1);
    expect(`${stdout}${stderr}`).toMatch(/database_unavailable|"fault"/);
    expect(`${stdout}${stderr}`).not.toContain('s3cret');
  }
});

test('a database that lets us not in is told as what it is, not as a fault of ours', async () => {
  const wrong = new URL(url);
  wrong.pathname = '/no_such_database';
  const DATABASE_URL = wrong.href;
  const { code, stderr } = await jo(['migrate'], { DATABASE_URL });
  expect(code).toBe(1);
  expect(stderr).toMatch(/database_unavailable.*"no_such_database" does not exist.*DATABASE_URL/s);
  expect((await jo(['doctor'], { DATABASE_URL })).stdout).toMatch(/fault +database .*→ .*DATABASE_URL/s);
});

test('an API with the token of its data folder is found there, and no server yet is no fault', async () => {
  const own = await mkdtemp(join(tmpdir(), 'jo-own-'));
  const { API_TOKEN: _, ...tokenless } = environment();
  await start(own, ['migrate'], tokenless).finished;
  const before = await start(own, ['doctor'], tokenless).finished;
  expect(before).toMatchObject({ code: 0, stdout: expect.stringMatching(/warning +server/) as string });
  const api = start(own, ['api'], tokenless);
  running.push(api);
  await until('the API to be ready', () => api.stderr().includes('the API is ready'));
  expect(await start(own, ['get', 'jobs']).finished).toMatchObject({ code: 0 });
  await stop(api);
  expect((await start(own, ['get', 'jobs']).finished).stderr).toContain('no server runs on');
  await rm(own, { recursive: true });
});
