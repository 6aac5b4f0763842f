import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { unguarded, waitUntil } from '@job-orchestrator/executor-core/testing';
import type { AttemptRef } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAttemptsFolder, createFolder } from './attempt/folder.ts';
import { countAlive, openSandbox, type Sandbox, type Watched } from './testing/sandbox.ts';

let sandbox: Sandbox;
beforeEach(() => (sandbox = openSandbox()));
afterEach(() => sandbox.close());

const onLinux = test.runIf(process.platform === 'linux' && spawnSync('setsid', ['true']).status === 0);

const until = (what: string, look: () => boolean): Promise<boolean> =>
  waitUntil(what, async () => (look() ? true : null), { timeoutMs: 10_000 });

const printed = async (watched: Watched, ref: AttemptRef, text: string): Promise<void> => {
  const chunks = await watched.runtime.open(ref, {
    follow: true,
    fromByte: 0,
    signal: new AbortController().signal,
  });
  let seen = '';
  for await (const chunk of chunks ?? []) {
    seen += Buffer.from(chunk).toString();
    if (seen.includes(text)) return;
  }
  throw new Error(`the log ended without ${text}: ${seen}`);
};

/** A program with children in its group and out of it, one of which ignores SIGTERM. */
const tree = `
sleep 1000 &
setsid sleep 1001 &
setsid sh -c 'trap "" TERM; sleep 1002 & setsid sleep 1003 & wait' &
echo ready
wait`;

onLinux('a stopped attempt leaves no children, not even those that left its session', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sh', '-c', tree]));
  await printed(watched, ref, 'ready');
  await until('all children', () => countAlive(ref.attemptId) >= 7);
  await watched.runtime.stop(ref, 5);
  const { exit } = await watched.ended(ref);
  expect(exit).toMatchObject({
    exitCode: 143,
    failure: { reason: 'signal', evidence: { signal: 'SIGTERM' } },
  });
  await until('nothing to be left', () => countAlive(ref.attemptId) === 0);
});

onLinux(
  'leftovers of a stop are ended by the next orchestrator where the first died before it could',
  async () => {
    const first = await sandbox.start();
    const ref = await first.run(
      sandbox.launch(['sh', '-c', `setsid sh -c "echo ready; exec sleep 1000" & exec sleep 1001`]),
    );
    await printed(first, ref, 'ready');
    const stopping = first.runtime.stop(ref, 1_000);
    await first.runtime.close();
    await stopping;
    await until('the exit file', () => existsSync(join(sandbox.folderOf(ref), 'exit')));
    expect(countAlive(ref.attemptId)).toBe(1);
    const second = await sandbox.start();
    await second.ended(ref);
    await until('nothing to be left', () => countAlive(ref.attemptId) === 0);
  },
);

test('a program that ends by itself on SIGTERM keeps its exit code', async () => {
  const watched = await sandbox.start();
  const program = `trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 1000 & wait $!; done`;
  const ref = await watched.run(sandbox.launch(['sh', '-c', program]));
  await printed(watched, ref, 'ready');
  await watched.runtime.stop(ref, 60);
  expect((await watched.ended(ref)).exit.exitCode).toBe(9);
  expect(await watched.log(ref)).toMatch(/^ready\n(Terminated\n)?bye\n$/);
});

test('a second, shorter stop kills at once', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sh', '-c', `trap '' TERM; echo ready; sleep 1000`]));
  await printed(watched, ref, 'ready');
  await watched.runtime.stop(ref, 600);
  expect((await watched.runtime.observe(ref)).kind).toBe('running');
  await watched.runtime.stop(ref, 0);
  expect((await watched.ended(ref)).exit.exitCode).toBe(137);
});

test('a stop before the start prevents it for ever', async () => {
  const launch = sandbox.launch(['echo', 'ran']);
  await createFolder(createAttemptsFolder(sandbox.dataDir), launch);
  const watched = await sandbox.start();
  expect((await watched.runtime.observe(launch)).kind).toBe('waiting');
  await watched.runtime.stop(launch, 10);
  const { exit } = await watched.ended(launch);
  expect(exit).toMatchObject({ exitCode: null, startedAt: null, failure: { reason: 'process_lost' } });
  expect((await watched.runtime.ensure(launch, unguarded)).kind).toBe('exists');
  expect(await watched.log(launch)).toBe('');
});

test('a stop right after the launch leaves nothing, whether the program had begun or not', async () => {
  const watched = await sandbox.start();
  for (let round = 0; round < 10; round += 1) {
    const ref = await watched.run(sandbox.launch(['sleep', '1000']));
    await watched.runtime.stop(ref, 60);
    expect((await watched.ended(ref)).exit.failure).not.toBeNull();
    await until('nothing to be left', () => process.platform !== 'linux' || countAlive(ref.attemptId) === 0);
  }
});

onLinux('children that a program leaves behind in its group end with it', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sh', '-c', 'sleep 1000 & echo left; exit 0']));
  expect((await watched.ended(ref)).exit.failure).toBeNull();
  await until('nothing to be left', () => countAlive(ref.attemptId) === 0);
});

test('remove kills what still runs, then takes the folder away', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sleep', '1000']));
  await watched.running(ref);
  await watched.runtime.remove(ref);
  await watched.until(ref, ({ kind }) => kind !== 'running');
  expect(await watched.runtime.remove(ref)).toBe(true);
  expect(existsSync(sandbox.folderOf(ref))).toBe(false);
  expect(await watched.runtime.observe(ref)).toEqual({ kind: 'absent' });
});

onLinux('an attempt whose folder somebody deleted is absent, and its program is ended', async () => {
  const watched = await sandbox.start({ pollIntervalMs: 20 });
  const ref = await watched.run(sandbox.launch(['sh', '-c', 'echo ready; exec sleep 1000']));
  // Until then the shim makes files in the folder, and one that comes while it is emptied keeps it.
  await printed(watched, ref, 'ready');
  rmSync(sandbox.folderOf(ref), { recursive: true });
  await watched.until(ref, ({ kind }) => kind === 'absent');
  await until('nothing to be left', () => countAlive(ref.attemptId) === 0);
});
