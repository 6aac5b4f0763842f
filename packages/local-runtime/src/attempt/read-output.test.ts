import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.ts';
import { readOutput } from './read-output.ts';

describe('outputs of real programs', () => {
  let sandbox: Sandbox;
  beforeEach(() => (sandbox = openSandbox()));
  afterEach(() => sandbox.close());

  const outputOf = async (script: string, output = true) => {
    const watched = await sandbox.start();
    const ref = await watched.run(sandbox.launch(['sh', '-c', script], { output }));
    return (await watched.ended(ref)).exit.output;
  };

  test('an output of exactly the limit is delivered, one byte more is not', async () => {
    const write = (size: number): string =>
      `{ printf '"'; head -c ${size - 2} /dev/zero | tr '\\0' x; printf '"'; } > "$JOB_ORCHESTRATOR_OUTPUT"`;
    expect(await outputOf(write(limits.outputBytes))).toMatchObject({
      kind: 'ready',
      result: { bytes: limits.outputBytes },
    });
    expect(await outputOf(write(limits.outputBytes + 1))).toEqual({
      kind: 'invalid',
      message: `The output has ${limits.outputBytes + 1} bytes; the limit is ${limits.outputBytes}.`,
    });
  });

  test('an output that is only under its temporary name is none, and that of a failed program is not read', async () => {
    expect(await outputOf('echo 1 > "$JOB_ORCHESTRATOR_OUTPUT.tmp"')).toEqual({ kind: 'none' });
    expect(await outputOf('echo 1 > "$JOB_ORCHESTRATOR_OUTPUT"; exit 1')).toEqual({ kind: 'none' });
  });

  test('several files are delivered, those in the making and hidden ones are not', async () => {
    const script = `cd "$(dirname "$JOB_ORCHESTRATOR_OUTPUT")"; echo '{"n":1}' > result.json; printf 'a,b\\n' > t.csv
      printf '\\000\\377' > raw; echo x > big.csv.tmp; echo x > .cache; echo '[]' > more.json`;
    const report = await outputOf(script);
    expect(report).toMatchObject({ kind: 'ready', result: { text: '{"n":1}\n' } });
    const files = report.kind === 'ready' ? report.files : [];
    expect(files.map(({ name, content }) => [name, [...content]])).toEqual([
      ['more.json', [91, 93, 10]],
      ['raw', [0, 255]],
      ['t.csv', [97, 44, 98, 10]],
    ]);
  });

  test.each([
    [
      '1,000 files',
      'i=0; while [ $i -lt 1000 ]; do : > $i; i=$((i+1)); done',
      'The output has 1000 files; the limit is 100.',
    ],
    ['a symbolic link', 'ln -s /etc/passwd leak.txt', 'leak.txt is a symbolic link'],
    ['a folder', 'mkdir parts', 'parts is a folder'],
    ['a pipe', 'mkfifo pipe', 'pipe is a pipe'],
    ['JSON that is none', 'echo "{" > model.json', 'model.json is not valid JSON'],
    ['a name for a shell to stumble over', 'touch "a b"', '"a b"'],
    ['a name that is not UTF-8', "touch $(printf 'a\\377b')", 'An output file is named'],
    [
      'too much together',
      'head -c 200000 /dev/zero > a; head -c 200000 /dev/zero > b',
      'The output has 400000 bytes; the limit is 262144.',
    ],
  ])('%s is refused with a reason', async (_, script, message) => {
    expect(await outputOf(`cd "$(dirname "$JOB_ORCHESTRATOR_OUTPUT")"; ${script}`)).toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message) as string,
    });
  });

  test('a file that something left behind still writes to is refused, or taken whole as it was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jo-growing-'));
    const writer = spawn('sh', ['-c', `exec 3>>${folder}/grows.txt; echo; while :; do printf 1 >&3; done`]);
    await once(writer.stdout, 'data');
    const report = readOutput(join(folder, 'result.json'), { bytes: 100_000_000, files: 1 });
    writer.kill('SIGKILL');
    if (report.kind === 'ready') expect(report.files[0]?.content.every((byte) => byte === 49)).toBe(true);
    else
      expect(report).toMatchObject({
        message: expect.stringContaining('changed while it was read') as string,
      });
    rmSync(folder, { recursive: true });
  });

  test('a job that declares no output is told no path', async () => {
    expect(await outputOf('[ -z "${JOB_ORCHESTRATOR_OUTPUT+set}" ]', false)).toEqual({ kind: 'none' });
  });

  test('a FIFO or a folder in place of the output is invalid, and holds nobody', async () => {
    expect(await outputOf('mkdir "$JOB_ORCHESTRATOR_OUTPUT"')).toMatchObject({ kind: 'invalid' });
    const folder = mkdtempSync(join(tmpdir(), 'jo-fifo-'));
    execFileSync('mkfifo', [join(folder, 'result.json')]);
    expect(readOutput(join(folder, 'result.json'), { bytes: 10, files: 1 })).toMatchObject({
      message: 'The output file result.json is a pipe, a socket or a device; it must be a regular file.',
    });
    rmSync(folder, { recursive: true });
  });
});
