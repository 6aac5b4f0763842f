import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptRef } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSandbox, type Sandbox, type Watched } from './testing/sandbox.ts';

let sandbox: Sandbox;
beforeEach(() => (sandbox = openSandbox()));
afterEach(() => sandbox.close());

/** The folder of an attempt that ended, as a power failure might leave it, seen by another runtime. */
const afterDamage = async (program: string, damage: (folder: string) => void) => {
  const first = await sandbox.start();
  const ref = await first.run(sandbox.launch(['sh', '-c', program]));
  await first.ended(ref);
  await first.runtime.close();
  damage(sandbox.folderOf(ref));
  return (await sandbox.start()).ended(ref);
};

test.each(['', '\0\0\0\0\0', '   \n'])(
  'an exit file that lost its content (%j) is no exit code',
  async (left) => {
    const { exit } = await afterDamage('exit 3', (folder) => writeFileSync(join(folder, 'exit'), left));
    expect(exit).toMatchObject({
      exitCode: null,
      failure: { category: 'infrastructure', reason: 'process_lost' },
    });
  },
);

test('a command that was never begun is not charged to whoever submitted it', async () => {
  const { exit } = await afterDamage('exit 126', (folder) => writeFileSync(join(folder, 'group'), ''));
  expect(exit).toMatchObject({
    exitCode: null,
    failure: { category: 'infrastructure', reason: 'process_lost' },
  });
  expect(exit.failure?.message).toMatch(/never started.*did not let it begin \(exit code 126\).*disk/);
});

test('what runs is stopped also when the stop cannot be written down', async () => {
  const watched = await sandbox.start();
  const ref = await watched.run(sandbox.launch(['sleep', '1000']));
  await watched.running(ref);
  mkdirSync(join(sandbox.folderOf(ref), 'stop'));
  expect(await watched.runtime.stop(ref, 0)).toBe(true);
  expect((await watched.ended(ref)).exit.exitCode).toBe(137);
});

const mayMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;

/** A small disk of its own, for `use`. */
const onSmallDisk = async (use: (disk: string, watched: Watched) => Promise<void>): Promise<void> => {
  const disk = mkdtempSync(join(tmpdir(), 'jo-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  const watched = await sandbox.start({ dataDir: disk });
  try {
    await use(disk, watched);
  } finally {
    await watched.runtime.close();
    execFileSync('umount', ['-lA', disk]);
    rmSync(disk, { recursive: true });
  }
};

const fill = (disk: string, pagesLeft: number): void => {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail - pagesLeft) * bsize, 1));
};

test.runIf(mayMount)('a program that fills the disk keeps its exit code', async () => {
  await onSmallDisk(async (disk, watched) => {
    const program = `head -c 4000000 /dev/zero > ${disk}/filler; exit 9`;
    const ref: AttemptRef = await watched.run(sandbox.launch(['sh', '-c', program]));
    const { exit } = await watched.ended(ref);
    expect(statfsSync(disk).bavail).toBe(0);
    expect(exit).toMatchObject({ exitCode: 9, failure: { category: 'user_error' } });
  });
});

test.runIf(mayMount)(
  'however full the disk is at a launch, the program runs and its end is known, or it never began',
  async () => {
    // With 2 the file `started` is made and stays empty, which takes 10 s to judge.
    for (const pages of [0, 1, 3, 4, 5, 6, 7, 8])
      await onSmallDisk(async (disk, watched) => {
        fill(disk, pages);
        const ran = join(sandbox.dataDir, `ran-${pages}`);
        const launch = sandbox.launch(['sh', '-c', `echo ran > ${ran}; exit 0`]);
        const outcome = await watched.runtime.ensure(launch, () => true);
        const end =
          outcome.kind === 'created'
            ? (await watched.ended({ ...launch, object: outcome.object })).exit
            : null;
        const began = spawnSync('test', ['-e', ran]).status === 0;
        expect({ pages, began }).toEqual({ pages, began: end?.exitCode === 0 });
        if (end?.exitCode === 0) expect(readFileSync(ran, 'utf8')).toBe('ran\n');
        else expect(end?.failure?.category ?? outcome.kind).toMatch(/^(infrastructure|busy)$/);
      });
  },
);

test.runIf(mayMount)(
  'on a read-only disk nothing is launched, which is certain, and what runs is stopped',
  async () => {
    await onSmallDisk(async (disk, watched) => {
      const ref = await watched.run(sandbox.launch(['sleep', '1000']));
      await watched.running(ref);
      // A disk with an open log cannot be made read-only; a second mount of it can.
      execFileSync('mount', ['-o', 'bind', disk, disk]);
      execFileSync('mount', ['-o', 'remount,ro,bind', disk]);
      expect(await watched.runtime.ensure(sandbox.launch(['true']), () => true)).toMatchObject({
        kind: 'busy',
        message: expect.stringContaining('EROFS') as string,
      });
      expect(await watched.runtime.stop(ref, 0)).toBe(true);
      expect((await watched.ended(ref)).exit.exitCode).toBeNull();
    });
  },
);
