import { execFileSync } from 'node:child_process';
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
      bytes: limits.outputBytes,
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

  test('a job that declares no output is told no path', async () => {
    expect(await outputOf('[ -z "${JOB_ORCHESTRATOR_OUTPUT+set}" ]', false)).toEqual({ kind: 'none' });
  });

  test('a FIFO or a folder in place of the output is invalid, and holds nobody', async () => {
    expect(await outputOf('mkdir "$JOB_ORCHESTRATOR_OUTPUT"')).toMatchObject({ kind: 'invalid' });
    const folder = mkdtempSync(join(tmpdir(), 'jo-fifo-'));
    execFileSync('mkfifo', [join(folder, 'result.json')]);
    expect(await readOutput(join(folder, 'result.json'), 10)).toMatchObject({
      message: 'The output is not a regular file.',
    });
    rmSync(folder, { recursive: true });
  });
});
