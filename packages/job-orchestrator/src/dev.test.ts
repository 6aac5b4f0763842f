import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobSummaryDto } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readServerFile } from './discovery/data-folder.ts';
import { clientOf, run, start, startDev, stopDev, until, type Running } from './testing/cli.ts';

let dataDir = '';
let dev: Running | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-dev-'));
});
afterEach(async () => {
  if (dev !== null) await stopDev(dev);
  dev = null;
  await rm(dataDir, { recursive: true, force: true });
});

const room = { EXECUTOR_MAX_RUNNING: '4' };
const path = (name: string): string => join(dataDir, name);

/** A job that writes a line at its start and one at its end, and ends only when the gate is open. */
const gated = (name: string): object => ({
  name,
  image: 'hello',
  command: [
    'sh',
    '-c',
    `echo "start ${name} $JOB_ORCHESTRATOR_ATTEMPT" >> ${path('ledger')}
     while [ ! -e ${path('gate')} ]; do sleep 0.05; done
     echo "end ${name} $JOB_ORCHESTRATOR_ATTEMPT" >> ${path('ledger')}`,
  ],
});

const submit = async (...names: string[]): Promise<void> => {
  const { code, stderr } = await run(dataDir, ['submit', '-f', '-'], JSON.stringify(names.map(gated)));
  expect({ code, stderr }).toMatchObject({ code: 0 });
};

const jobs = async (): Promise<readonly JobSummaryDto[]> =>
  (await (await clientOf(dataDir)).listJobs()).items;

const inState = async (state: string, count: number): Promise<void> =>
  until(
    `${count} jobs to be ${state}`,
    async () => (await jobs()).filter((job) => job.state === state).length === count,
  );

const ledger = async (): Promise<string[]> =>
  (await readFile(path('ledger'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .sort();

test('killed in the middle of running jobs and started again: nothing is lost and nothing runs twice', async () => {
  dev = await startDev(dataDir, [], room);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  await submit(...names);
  await inState('running', 4);
  dev.child.kill('SIGKILL');
  await dev.finished;
  await writeFile(path('gate'), '');
  // Two of the four may end before anybody looks: their exit codes wait on disk.
  dev = await startDev(dataDir, [], room);
  await inState('completed', 6);
  expect(await ledger()).toEqual([...names.map((n) => `end ${n} 1`), ...names.map((n) => `start ${n} 1`)]);
  expect((await jobs()).map(({ attempt }) => attempt)).toEqual(names.map(() => 1));
});

test('Ctrl-C leaves running what runs, says so, and the next start records how it ended', async () => {
  dev = await startDev(dataDir, [], { EXECUTOR_MAX_RUNNING: '1' });
  await submit('runs');
  await inState('running', 1);
  await submit('waits');
  const { code, stderr } = await stopDev(dev);
  expect(code).toBe(0);
  expect(stderr).toContain('1 job goes on without us');
  await writeFile(path('gate'), '');
  await until('the program to end by itself', async () => (await ledger()).includes('end runs 1'));
  expect(await ledger()).toEqual(['end runs 1', 'start runs 1']);
  dev = await startDev(dataDir);
  await inState('completed', 2);
  expect((await jobs()).map(({ name, attempt }) => `${name} ${attempt}`)).toEqual(['waits 1', 'runs 1']);
});

/** Resident memory in MB; null where the system does not tell. */
const residentMb = async (pid: number | undefined): Promise<number | null> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  return status === null ? null : Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024;
};

test('is started within 250 MB, and Ctrl-C with nothing running leaves nothing behind', async () => {
  dev = await startDev(dataDir);
  expect((await residentMb(dev.child.pid)) ?? 0).toBeLessThan(250);
  expect(await stopDev(dev)).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('without us') as string,
  });
  expect(await readServerFile(dataDir)).toBeNull();
});

test('a wrong setting stops the start with its name, its value and what is allowed', async () => {
  const wrong = { EXECUTOR_BATCH_SIZE: 'many', LOG_LEVEL: 'loud' };
  const { code, stderr } = await start(dataDir, ['dev'], wrong).finished;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /EXECUTOR_BATCH_SIZE: is not allowed \(allowed: a whole number from 1 to 1000; found: many\)/,
  );
  expect(stderr).toMatch(/LOG_LEVEL: .*"debug".*found: loud/);
});

test('a port that is taken stops the start before anything is claimed', async () => {
  dev = await startDev(dataDir, [], room);
  const { url } = (await readServerFile(dataDir))!;
  const other = await mkdtemp(join(tmpdir(), 'jo-dev-other-'));
  try {
    const second = await run(other, ['dev', '--port', new URL(url).port]);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(new URL(url).port);
    const third = await startDev(other);
    const { items } = await (await clientOf(other)).listExecutors();
    await stopDev(third);
    expect(items).toHaveLength(1);
  } finally {
    await rm(other, { recursive: true, force: true });
  }
});
