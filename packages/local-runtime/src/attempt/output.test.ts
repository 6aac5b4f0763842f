import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { limits, type JsonValue } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.ts';
import { jsonDepth, judgeOutput, readOutput } from './output.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('judging an output', () => {
  test('any JSON within the limits is delivered as it was written, with size and digest of its bytes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        fc.pre(!text.includes('\\u0000') && !/\\ud[89a-f]/i.test(text));
        const bytes = bytesOf(text);
        expect(judgeOutput(bytes)).toEqual({
          kind: 'ready',
          value: JSON.parse(text) as JsonValue,
          bytes: bytes.byteLength,
          digest: createHash('sha256').update(bytes).digest('hex'),
        });
      }),
    );
  });

  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

  test('depth is counted outside of strings only, and 64 is the limit', () => {
    expect(jsonDepth('{"a[[[":"\\"[[",  "b":[{}]}')).toBe(3);
    expect(judgeOutput(bytesOf(nested(64))).kind).toBe('ready');
    expect(judgeOutput(bytesOf(nested(65)))).toMatchObject({ message: expect.stringContaining('65 levels') });
    expect(judgeOutput(bytesOf(nested(100_000))).kind).toBe('invalid');
  });

  test.each([
    ['nothing', new Uint8Array(), 'not valid JSON'],
    ['half a value', bytesOf('{"a":'), 'not valid JSON'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 'UTF-8'],
    ['NUL in a string', bytesOf('{"a":["\\u0000"]}'), 'NUL'],
    ['NUL in a key', bytesOf('{"\\u0000":1}'), 'NUL'],
    ['half a surrogate pair', bytesOf('"\\ud800"'), 'surrogate'],
    ['a number beyond a double', bytesOf('{"a":1e400}'), 'too large'],
  ])('%s is invalid, and the message says why', (_, bytes, message) => {
    expect(judgeOutput(bytes)).toMatchObject({ kind: 'invalid', message: expect.stringContaining(message) });
  });
});

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
    expect(await readOutput(join(folder, 'result.json'))).toMatchObject({
      message: 'The output is not a regular file.',
    });
    rmSync(folder, { recursive: true });
  });
});
