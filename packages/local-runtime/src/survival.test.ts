import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, utimesSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystemClock, unguarded, waitUntil } from '@job-orchestrator/executor-core/testing';
import { objectName, type AttemptLaunch, type AttemptRef } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAttemptsFolder } from './attempt/folder.ts';
import { makeGate } from './testing/gate.ts';
import { countAlive, openSandbox, type Sandbox } from './testing/sandbox.ts';

let sandbox: Sandbox;
beforeEach(() => (sandbox = openSandbox()));
afterEach(() => sandbox.close());

const done = async ({ stdout }: ChildProcess): Promise<unknown> => stdout && once(stdout, 'data');

/** Resolves with the nth change in the folder of all attempts: somewhere between a folder's making and its shim. */
const nthChange = (attempts: string, nth: number): Promise<void> =>
  new Promise((resolve) => {
    let changes = 0;
    const watcher = watch(attempts, { persistent: false }, () => {
      if ((changes += 1) < nth) return;
      watcher.close();
      resolve();
    });
  });

const childScript = fileURLToPath(new URL('testing/orchestrator-child.js', import.meta.url));

/** Starts a real orchestrator process that ensures the launches, then kills it with SIGKILL: by default when it is done. */
const launchAndKill = async (
  launches: readonly AttemptLaunch[],
  moment: (child: ChildProcess) => Promise<unknown> = done,
): Promise<void> => {
  const { dataDir, installation } = sandbox;
  const child = spawn(process.execPath, [childScript, JSON.stringify({ dataDir, installation, launches })]);
  const exited = once(child, 'exit');
  await moment(child);
  child.kill('SIGKILL');
  await exited;
};

const refOf = (launch: AttemptLaunch): AttemptRef => launch;
const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n');
const gone = (ref: AttemptRef): Promise<boolean> =>
  waitUntil('no process to be left', async () => (countAlive(ref.attemptId) === 0 ? true : null), {
    timeoutMs: 10_000,
  });

test('after kill -9 of the orchestrator another adopts the running program and gets its exit code and log', async () => {
  const gate = makeGate(sandbox.dataDir);
  const launch = sandbox.launch(['sh', '-c', `echo begun; ${gate.wait}; echo done; exit 37`]);
  await launchAndKill([launch]);
  const { runtime, running, ended } = await sandbox.start();
  await running(refOf(launch));
  const chunks = await runtime.open(launch, {
    follow: true,
    fromByte: 0,
    signal: new AbortController().signal,
  });
  let text = '';
  for await (const chunk of chunks ?? []) {
    if (text === '') await gate.open();
    text += Buffer.from(chunk).toString();
  }
  expect(text).toBe('begun\ndone\n');
  expect((await ended(launch)).exit).toMatchObject({ exitCode: 37, failure: { reason: 'exit_code' } });
});

test('killed at any moment while it launches, and started again: every program runs exactly once', async () => {
  const launches = Array.from({ length: 30 }, () => sandbox.launch(['echo', 'ran']));
  const attempts = createAttemptsFolder(sandbox.dataDir);
  for (const nth of [1, 2, 7, 20, 45])
    await launchAndKill(launches, (child) => Promise.race([nthChange(attempts, nth), done(child)]));
  const watched = await sandbox.start();
  const refs = await Promise.all(launches.map((launch) => watched.run(launch)));
  const exits = await Promise.all(refs.map((ref) => watched.ended(ref)));
  expect(new Set(exits.map(({ exit }) => exit.exitCode))).toEqual(new Set([0]));
  expect(new Set(await Promise.all(refs.map((ref) => watched.log(ref))))).toEqual(new Set(['ran\n']));
});

test('what ended while no orchestrator lived is recorded with its own exit code and times', async () => {
  const gate = makeGate(sandbox.dataDir);
  const launch = sandbox.launch(['sh', '-c', `${gate.wait}; exit 5`]);
  await launchAndKill([launch]);
  await gate.open();
  await gone(launch);
  const before = new Date();
  const { exit } = await (await sandbox.start()).ended(launch);
  expect(exit.exitCode).toBe(5);
  expect(exit.startedAt?.getTime()).toBeLessThanOrEqual(exit.finishedAt.getTime());
  expect(exit.finishedAt.getTime()).toBeLessThanOrEqual(before.getTime());
});

test('a shim that was killed makes the attempt lost, and takes the program with it', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sleep', '1000']));
  await watched.running(ref);
  process.kill(Number(lines(join(sandbox.folderOf(ref), 'started'))[0]), 'SIGKILL');
  const { exit } = await watched.ended(ref);
  expect(exit).toMatchObject({
    exitCode: null,
    failure: { reason: 'process_lost', evidence: { rebooted: false } },
  });
  await gone(ref);
});

test('an adopter notices a shim that died meanwhile and ends what it left', async () => {
  const launch = sandbox.launch(['sleep', '1000']);
  await launchAndKill([launch]);
  const first = await sandbox.start();
  await first.running(launch);
  await first.runtime.close();
  const started = join(sandbox.dataDir, 'attempts', nameOf(launch), 'started');
  process.kill(Number(lines(started)[0]), 'SIGKILL');
  const second = await sandbox.start();
  expect((await second.ended(launch)).exit.failure?.reason).toBe('process_lost');
  await gone(launch);
});

const nameOf = (launch: AttemptLaunch): string =>
  objectName(launch.installation, launch.jobId, launch.attemptNumber);

const fakeFolder = (launch: AttemptLaunch, started: string | null): void => {
  const folder = join(sandbox.dataDir, 'attempts', nameOf(launch));
  mkdirSync(join(folder, 'log'), { recursive: true });
  const record = {
    uid: '0193b0a0-0000-7000-8000-000000000001',
    installation: launch.installation,
    jobId: launch.jobId,
    attempt: launch.attemptNumber,
    attemptId: launch.attemptId,
    output: false,
  };
  writeFileSync(join(folder, 'attempt.json'), JSON.stringify(record));
  if (started !== null) writeFileSync(join(folder, 'started'), started);
};

const ourStat = (): string => readFileSync('/proc/self/stat', 'latin1').trim();
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

test('a pid is never trusted after a reboot', async () => {
  const launch = sandbox.launch(['true']);
  fakeFolder(launch, `${process.pid}\n00000000-0000-4000-8000-000000000000\n${ourStat()}\n.\n`);
  const { exit } = await (await sandbox.start()).ended(launch);
  expect(exit.failure).toMatchObject({ reason: 'process_lost', evidence: { rebooted: true } });
});

test.runIf(process.platform === 'linux')(
  'a pid that was given to another process is not trusted',
  async () => {
    const launch = sandbox.launch(['true']);
    const birth = ourStat().replace(/^(.*\) (?:\S+ ){19})\S+/, '$17');
    fakeFolder(launch, `${process.pid}\n${bootId()}\n${birth}\n.\n`);
    const { exit } = await (await sandbox.start()).ended(launch);
    expect(exit.failure).toMatchObject({ reason: 'process_lost', evidence: { rebooted: false } });
  },
);

test('a folder whose shim never started runs on the next ensure, once, however late that comes', async () => {
  const launch = sandbox.launch(['echo', 'ran']);
  fakeFolder(launch, null);
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(join(sandbox.dataDir, 'attempts', nameOf(launch), 'attempt.json'), past, past);
  const watched = await sandbox.start();
  expect(await watched.runtime.observe(launch)).toMatchObject({ kind: 'waiting', reason: 'launching' });
  const ref = await watched.run(launch);
  expect((await watched.ended(ref)).exit.exitCode).toBe(0);
  expect(await watched.log(ref)).toBe('ran\n');
});

test('a folder that nobody starts for 30 seconds under our eyes is lost, and never starts afterwards', async () => {
  const launch = sandbox.launch(['echo', 'ran']);
  fakeFolder(launch, null);
  const system = createSystemClock();
  let later = 0;
  const clock = { ...system, now: () => new Date(system.now().getTime() + later) };
  const watched = await sandbox.start({ clock, pollIntervalMs: 10 });
  expect(await watched.runtime.observe(launch)).toMatchObject({ kind: 'waiting' });
  later = 31_000;
  const { exit } = await watched.ended(launch);
  expect(exit).toMatchObject({ exitCode: null, startedAt: null, failure: { reason: 'process_lost' } });
  expect((await watched.runtime.ensure(launch, unguarded)).kind).toBe('exists');
  expect(await watched.log(launch)).toBe('');
});

test('a damaged folder is passed over by list, absent, and refused by ensure', async () => {
  const launch = sandbox.launch(['true']);
  const other = sandbox.launch(['true']);
  mkdirSync(join(sandbox.dataDir, 'attempts', nameOf(launch)), { recursive: true });
  writeFileSync(join(sandbox.dataDir, 'attempts', nameOf(launch), 'attempt.json'), '{"uid":');
  const watched = await sandbox.start();
  const ref = await watched.run(other);
  expect((await watched.runtime.list())?.map((each) => each.attemptId)).toEqual([ref.attemptId]);
  expect(await watched.runtime.observe(launch)).toEqual({ kind: 'absent' });
  expect(await watched.runtime.ensure(launch, unguarded)).toMatchObject({
    failure: { reason: 'name_taken' },
  });
  await watched.ended(ref);
});

test('remains of a folder half made are deleted after a minute, younger ones left alone', async () => {
  const attempts = join(sandbox.dataDir, 'attempts');
  const [old, young] = [join(attempts, '.new-old'), join(attempts, '.new-young')];
  mkdirSync(old, { recursive: true });
  mkdirSync(young);
  const past = new Date(Date.now() - 120_000);
  utimesSync(old, past, past);
  const { runtime } = await sandbox.start();
  expect(await runtime.list()).toEqual([]);
  expect(() => rmSync(young, { recursive: true })).not.toThrow();
  expect(() => rmSync(old, { recursive: true })).toThrow(/ENOENT/);
});

test('what escaped its group is ended also after its attempt was taken over, for it carries the id that it began with', async () => {
  const watched = await sandbox.start();
  const launch = sandbox.launch(['sh', '-c', 'setsid sleep 300 & exec sleep 300']);
  await watched.running(await watched.run(launch));
  const restored = { ...launch, attemptId: sandbox.launch([]).attemptId };
  const taken = await watched.runtime.ensure(restored, unguarded);
  if (taken.kind !== 'taken_over') throw new Error(JSON.stringify(taken));
  const later = await sandbox.start();
  const ref = { ...restored, object: taken.object };
  expect(await later.runtime.stop(ref, 0)).toBe(true);
  await later.ended(ref);
  expect(countAlive(launch.attemptId)).toBe(0);
});

test('200 quick programs, ensured by two instances at once, each run exactly once', async () => {
  const [one, two] = [await sandbox.start(), await sandbox.start()];
  const launches = Array.from({ length: 200 }, (_, index) =>
    sandbox.launch(['sh', '-c', `echo ran; exit ${index % 3}`]),
  );
  const outcomes = await Promise.all(
    launches.map((launch) =>
      Promise.all([one.runtime.ensure(launch, unguarded), two.runtime.ensure(launch, unguarded)]),
    ),
  );
  const kinds = outcomes.map((pair) => pair.map(({ kind }) => kind).toSorted());
  expect(new Set(kinds.map(String))).toEqual(new Set(['created,exists']));
  const exits = await Promise.all(launches.map((launch) => one.ended(launch)));
  expect(exits.map(({ exit }) => exit.exitCode)).toEqual(launches.map((_, index) => index % 3));
  const logs = await Promise.all(launches.map((launch) => one.log(launch)));
  expect(new Set(logs)).toEqual(new Set(['ran\n']));
});
