import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { openDatabase } from '../open-database.ts';
import { claimSample, registerSample, sampleContext, sampleJob } from '../testing/samples.ts';
import { silentLog } from '../testing/silent-log.ts';
import { lockFolder } from './folder-lock.ts';
import { ownIdentity } from './process-identity.ts';
import { createEmbeddedStore } from './embedded-store.ts';
import { layOutSeed } from './seed.ts';
import { openSessions } from './sessions.ts';
import { startWorker } from './worker-client.ts';

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'job-orchestrator-test-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const open = (dataDir: string) => openDatabase({ kind: 'embedded', dataDir, log: silentLog });

test('a folder keeps its jobs and its installation over a close', async () => {
  const dataDir = newFolder();
  const first = await open(dataDir);
  const installation = await first.queue.installation();
  const job = sampleJob();
  await first.queue.insertJobs([job], sampleContext);
  await first.close();
  const second = await open(dataDir);
  expect(await second.queue.installation()).toBe(installation);
  expect(await second.history.getJob(job.id)).toMatchObject({ state: 'pending' });
  await second.close();
});

test('no two folders share an installation', async () => {
  const [one, two] = [await open(newFolder()), await open(newFolder())];
  expect(await one.queue.installation()).not.toBe(await two.queue.installation());
  await one.close();
  await two.close();
});

test('a folder that is in use is refused, with the pid of who uses it', async () => {
  const dataDir = newFolder();
  const lock = await lockFolder(dataDir);
  await expect(open(dataDir)).rejects.toMatchObject({
    code: 'data_folder_in_use',
    message: expect.stringContaining(`process ${process.pid}`) as string,
  });
  lock.release();
  (await lockFolder(dataDir)).release();
});

test.each([
  ['another process that has the same pid by now', { startedAt: '1' }],
  ['a process before a restart of the machine', { bootId: 'another', namespace: 'x' }],
  ['a process that is gone', { pid: 2 ** 22 + 1, startedAt: '5' }],
])('the lock of %s is taken over', async (_, change) => {
  const dataDir = newFolder();
  const path = join(dataDir, 'lock');
  writeFileSync(path, JSON.stringify({ ...ownIdentity(), ...change }));
  utimesSync(path, new Date(0), new Date(0));
  const lock = await lockFolder(dataDir);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(ownIdentity());
  lock.release();
});

test('of many that take over a dead lock at once, one gets it', async () => {
  const dataDir = newFolder();
  writeFileSync(join(dataDir, 'lock'), JSON.stringify({ ...ownIdentity(), startedAt: '1' }));
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(dataDir)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('what was acknowledged before a SIGKILL is there after it, and the lock of the dead is taken over', async () => {
  const dataDir = newFolder();
  const script = fileURLToPath(new URL('../testing/insert-until-killed.js', import.meta.url));
  const child = fork(script, [dataDir], { stdio: 'inherit' });
  const acknowledged: string[] = [];
  child.on('message', (id: string) => {
    acknowledged.push(id);
    if (acknowledged.length === 20) child.kill('SIGKILL');
  });
  await once(child, 'exit');
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  const database = await open(dataDir);
  const owner = await registerSample(database, undefined, true);
  const claimed = await claimSample(database, owner, null, 1_000);
  const ids = new Set<string>(claimed.map(({ jobId }) => jobId));
  expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
  await database.close();
});

test('a worker that does not answer in time fails every call, and the log says so', async () => {
  const said: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => void said.push(message) };
  const script = new URL('../testing/mute-worker.js', import.meta.url);
  const worker = await startWorker({ folder: 'nowhere', seed: null }, log, 1_000, script);
  const calls = [worker.run('select 1', []), worker.run('select 2', [])];
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'database_unavailable' });
  await expect(worker.run('select 3', [])).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(said.join()).toContain('gave no answer within 1000 ms');
});

/** This thread stands still, as all do at SIGSTOP. After an immediate come the timers, and then what others said. */
const standStill = async (ms: number): Promise<void> => {
  await immediate();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

test('a process that stood still for longer than a call may take goes on', async () => {
  const script = new URL('../testing/late-worker.js', import.meta.url);
  const worker = await startWorker({ folder: 'nowhere', seed: null }, silentLog, 600, script);
  const call = worker.run('select 1', []);
  await standStill(2_000);
  expect(await call).toEqual([{ late: true }]);
  expect(worker.isBroken()).toBe(false);
  worker.kill(new Error('the test is over'));
  await worker.ended;
});

test('an engine that hangs is opened again: what was committed is there, what was not is gone', async () => {
  const folder = join(newFolder(), 'database');
  await layOutSeed(folder);
  const store = createEmbeddedStore(
    await openSessions(() => startWorker({ folder, seed: null }, silentLog, 6_000), silentLog),
  );
  const hang = { text: 'select count(*) from generate_series(1, 1000000000000)' };
  await store.run({ text: 'create table kept (n integer)' });
  await store.run({ text: 'insert into kept values (1)' });
  const cut = store.transaction(async (sql) => {
    await sql.run({ text: 'insert into kept values (2)' });
    await sql.run(hang).catch(() => undefined);
    await sql.run({ text: 'insert into kept values (3)' });
  });
  await expect(cut).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(await store.run({ text: 'select n from kept' })).toEqual([{ n: 1 }]);
  await store.close();
  await expect(store.run({ text: 'select 1' })).rejects.toMatchObject({ code: 'database_unavailable' });
});

test('a holder that was replaced while it stood still writes no more, and leaves the new lock alone', async () => {
  const dataDir = newFolder();
  const path = join(dataDir, 'lock');
  const lost: Error[] = [];
  const onLost = (error: Error) => void lost.push(error);
  const database = await openDatabase({ kind: 'embedded', dataDir, log: silentLog, onLost });
  const other = JSON.stringify({ ...ownIdentity(), pid: 7, namespace: 'another container' });
  writeFileSync(path, other);
  const [before, now] = [statSync(path).mtimeMs, Date.now()];
  vi.spyOn(Date, 'now').mockReturnValue(now + 20_000);
  await expect(database.ping()).rejects.toMatchObject({ code: 'data_folder_in_use' });
  await expect(database.queue.insertJobs([sampleJob()], sampleContext)).rejects.toThrow('process 7');
  vi.restoreAllMocks();
  expect(lost).toHaveLength(1);
  await database.close();
  expect(readFileSync(path, 'utf8')).toBe(other);
  expect(statSync(path).mtimeMs).toBe(before);
});

test('a lock that is gone was another one in between; a folder that is gone is no reason to end', async () => {
  const dataDir = newFolder();
  const lock = await lockFolder(dataDir);
  const now = Date.now();
  vi.spyOn(Date, 'now').mockReturnValue(now + 20_000);
  rmSync(dataDir, { recursive: true });
  expect(() => lock.verify()).not.toThrow();
  mkdirSync(dataDir);
  vi.spyOn(Date, 'now').mockReturnValue(now + 40_000);
  expect(() => lock.verify()).toThrow('was taken over');
  vi.restoreAllMocks();
  lock.release();
});
