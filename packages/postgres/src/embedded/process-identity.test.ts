import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { ownIdentity, startTimeOf } from './process-identity.ts';

const ofLinux = process.platform === 'linux' ? test : test.skip;

test('a process that runs has a start time, and one that never was has none', () => {
  expect(startTimeOf(process.pid)).toBe(ownIdentity().startedAt);
  expect(startTimeOf(process.pid)).not.toBe('');
  expect(startTimeOf(2 ** 30)).toBe('');
});

ofLinux('a process that was killed and that nobody asked for is as good as gone', async () => {
  // The child outlives its shell, whose place a `sleep` takes that never waits for children.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  const state = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.[0] ?? '';
  await expect.poll(state).toBe('Z');
  expect(startTimeOf(pid)).toBe('');
});
