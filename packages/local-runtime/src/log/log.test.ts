import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '@job-orchestrator/executor-core/testing';
import type { AttemptRef } from '@job-orchestrator/types';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeGate } from '../testing/gate.ts';
import { openSandbox, type Sandbox } from '../testing/sandbox.ts';
import { readLog, readTail, tendLog } from './segments.ts';

const mebibyte = 1_048_576;

describe('segments of a log', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'jo-log-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const append = (bytes: Uint8Array): void => appendFileSync(join(folder, 'current'), bytes);
  const diskBytes = (): number =>
    readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  const emptied = (): void => readdirSync(folder).forEach((name) => rmSync(join(folder, name)));

  test('whatever is appended and rotated, offsets hold, the end is whole and disk use is bounded', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 40 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 200 }), (lengths, maxBytes) => {
        emptied();
        let whole = Buffer.alloc(0);
        let seen = 0;
        for (const length of lengths) {
          const bytes = randomBytes(length);
          append(bytes);
          whole = Buffer.concat([whole, bytes]);
          seen = tendLog(folder, seen + length, maxBytes);
          expect(diskBytes()).toBeLessThanOrEqual(2 * maxBytes);
          const tail = readTail(folder, maxBytes);
          expect(tail).toMatchObject({
            totalBytes: whole.length,
            extent: whole.length <= maxBytes ? 'exact' : 'at_least',
          });
          expect(Buffer.from(tail.bytes)).toEqual(whole.subarray(-maxBytes).subarray(-tail.bytes.length));
          expect(tail.bytes.length).toBe(Math.min(whole.length, maxBytes));
        }
        for (let position = 0; position < whole.length;) {
          const { bytes, next } = readLog(folder, position, 64);
          expect(Buffer.from(bytes)).toEqual(whole.subarray(next - bytes.length, next));
          if (bytes.length === 0) break;
          position = next;
        }
      }),
      { numRuns: 60 },
    );
  });

  test('a program that truncates its log loses those bytes, but neither the count nor what follows', () => {
    append(Buffer.from('before '));
    const seen = tendLog(folder, 0, 1_000);
    truncateSync(join(folder, 'current'));
    append(Buffer.from('now'));
    tendLog(folder, seen, 1_000);
    expect(readTail(folder, 100)).toEqual({
      bytes: Buffer.from('now'),
      totalBytes: 10,
      extent: 'at_least',
    });
    expect(readLog(folder, 7, 100).next).toBe(10);
  });
});

test('the end of a log is there after each rotation, also where its program writes faster than it is copied', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jo-log-'));
  const current = openSync(join(folder, 'current'), 'a');
  const program = spawn('yes', { stdio: ['ignore', current, 'ignore'] });
  const over = once(program, 'close');
  try {
    for (let seen = 0, rotations = 0; rotations < 40;) {
      const now = tendLog(folder, seen, 100_000);
      if (now < seen) {
        rotations += 1;
        expect(Buffer.from(readTail(folder, 1_000).bytes).toString()).toMatch(/^[y\n]{1000}$/);
      }
      seen = now;
    }
  } finally {
    program.kill('SIGKILL');
    await over;
    closeSync(current);
    rmSync(folder, { recursive: true });
  }
});

describe('logs of real programs', () => {
  let sandbox: Sandbox;
  beforeEach(() => (sandbox = openSandbox()));
  afterEach(() => sandbox.close());

  const never = new AbortController().signal;

  const rotated = (ref: AttemptRef): Promise<boolean> => {
    const names = (): string[] => readdirSync(join(sandbox.folderOf(ref), 'log'));
    const look = async () => (names().some((name) => name.startsWith('segment-')) ? true : null);
    return waitUntil('a rotation', look, { timeoutMs: 10_000 });
  };

  test('50 MB of output end as a bounded log whose end is whole', async () => {
    const watched = await sandbox.start({ maxLogBytes: mebibyte });
    const program = 'head -c 52428800 /dev/zero | tr "\\0" x; echo; echo the end';
    const ref = await watched.run(sandbox.launch(['sh', '-c', program]));
    await watched.ended(ref);
    const tail = await watched.runtime.logTail(ref, 65_536);
    expect(tail?.bytes.byteLength).toBe(65_536);
    expect(Buffer.from(tail?.bytes ?? []).toString()).toMatch(/^x+\nthe end\n$/);
    const log = join(sandbox.folderOf(ref), 'log');
    const bytes = readdirSync(log).reduce((sum, name) => sum + statSync(join(log, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(2 * mebibyte);
  });

  test('a program that writes without end, as fast as it can, neither fills the disk nor holds the runtime', async () => {
    const watched = await sandbox.start({ maxLogBytes: mebibyte });
    const ref = await watched.run(sandbox.launch(['yes']));
    await rotated(ref);
    const stopped = watched.runtime.stop(ref, 0);
    expect((await watched.runtime.logTail(ref, 1_000))?.totalBytes).toBeGreaterThan(mebibyte);
    expect(await stopped).toBe(true);
    expect((await watched.ended(ref)).exit.exitCode).toBe(137);
    const tail = await watched.runtime.logTail(ref, 1_001);
    expect(Buffer.from(tail?.bytes ?? []).toString()).toMatch(/^[y\n]{1001}$/);
  });

  test('the log has what the program wrote and nothing else, also when a signal ends it', async () => {
    const watched = await sandbox.start();
    const ref = await watched.run(sandbox.launch(['sh', '-c', 'echo last; kill -s SEGV $$']));
    expect((await watched.ended(ref)).exit.failure?.evidence).toMatchObject({ signal: 'SIGSEGV' });
    expect(await watched.log(ref)).toBe('last\n');
  });

  test('a follower that keeps up reads every byte across rotations', async () => {
    const gate = makeGate(sandbox.dataDir);
    const watched = await sandbox.start({ maxLogBytes: 10_000, pollIntervalMs: 10 });
    const chunk = 'head -c 4000 /dev/zero | tr "\\0" "$c"';
    const program = `for c in a b c d e f g h i j; do ${chunk}; ${gate.wait}; done; echo end`;
    const ref = await watched.run(sandbox.launch(['sh', '-c', program]));
    const chunks = await watched.runtime.open(ref, { follow: true, fromByte: 0, signal: never });
    const read = createHash('sha256');
    let length = 0;
    for await (const bytes of chunks ?? []) {
      read.update(bytes);
      length += bytes.byteLength;
      if (length === 16_000) await rotated(ref);
      if (length <= 40_000 && length % 4_000 === 0) await gate.open();
    }
    const expected = `${[...'abcdefghij'].map((char) => char.repeat(4_000)).join('')}end\n`;
    expect(length).toBe(expected.length);
    expect(read.digest('hex')).toBe(createHash('sha256').update(expected).digest('hex'));
    const tail = await watched.runtime.logTail(ref, 1_000);
    expect(tail?.totalBytes).toBe(expected.length);
    expect(readdirSync(join(sandbox.folderOf(ref), 'log')).length).toBeLessThanOrEqual(2);
  });

  test('a reader that comes after a rotation is told how many bytes are gone', async () => {
    const watched = await sandbox.start({ maxLogBytes: 10_000, pollIntervalMs: 10 });
    const program = 'head -c 50000 /dev/zero | tr "\\0" x; echo; echo the end';
    const ref = await watched.run(sandbox.launch(['sh', '-c', program]));
    await watched.ended(ref);
    const total = 50_009;
    for (const fromByte of [0, 8_000]) {
      const skips: (number | null)[] = [];
      const onSkip = (bytes: number | null): void => void skips.push(bytes);
      const chunks = await watched.runtime.open(ref, { follow: true, fromByte, signal: never, onSkip });
      let text = '';
      for await (const bytes of chunks ?? []) text += Buffer.from(bytes).toString();
      expect(text).toMatch(/^x+\nthe end\n$/);
      expect(text.length).toBeLessThan(total - fromByte);
      expect(skips).toEqual([total - text.length - fromByte]);
    }
  });

  test('stdout and stderr stand in the order of writing', async () => {
    const watched = await sandbox.start();
    const program = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done';
    const ref = await watched.run(sandbox.launch(['sh', '-c', program]));
    await watched.ended(ref);
    expect(await watched.log(ref)).toBe('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
  });

  test('a follower breaks off when the attempt is removed under it', async () => {
    const watched = await sandbox.start();
    const ref = await watched.run(sandbox.launch(['echo', 'text']));
    await watched.ended(ref);
    const chunks = await watched.runtime.open(ref, { follow: true, fromByte: 0, signal: never });
    await watched.runtime.remove(ref);
    const reading = async (): Promise<void> => {
      for await (const bytes of chunks ?? []) expect(bytes).toBeNull();
    };
    await expect(reading()).rejects.toThrow('ENOENT');
  });
});
