import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyValues } from './key-values.ts';
import { inputsOf, submissionOf, type RunFlags } from './submission.ts';

const none: RunFlags = {};
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jo-run-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('only what was said goes into the job', async () => {
  expect(await submissionOf('hello', [], none)).toEqual({ image: 'hello' });
});

test('everything that can be said', async () => {
  const flags: RunFlags = {
    name: 'n',
    topic: 't',
    project: 'p',
    env: ['A=1', 'B=x=y'],
    input: ['k=v'],
    label: ['team=blue'],
    output: true,
    priority: -5,
    maxRetries: 2,
  };
  expect(await submissionOf('hello', ['echo', '-n', 'hi'], flags)).toEqual({
    image: 'hello',
    command: ['echo', '-n', 'hi'],
    name: 'n',
    topic: 't',
    project: 'p',
    priority: -5,
    output: true,
    env: { A: '1', B: 'x=y' },
    inputs: { k: 'v' },
    labels: { team: 'blue' },
    retry: { maxRetries: 2 },
  });
});

test('inputs come from words and files, the later over the earlier', async () => {
  const path = join(folder, 'inputs.json');
  await writeFile(path, '{"day": "monday", "n": 3}');
  expect(await inputsOf(['day=sunday', `@${path}`, 'x=y'])).toEqual({ day: 'monday', n: 3, x: 'y' });
});

test('a file of inputs that is no JSON object is refused with its place', async () => {
  const path = join(folder, 'broken.json');
  await writeFile(path, '{\n  "a": 1,\n}');
  await expect(inputsOf([`@${path}`])).rejects.toMatchObject({
    code: 'invalid_input',
    problems: [{ field: expect.stringContaining(`${path}: line 3`) as string }],
  });
  await writeFile(path, '[1]');
  await expect(inputsOf([`@${path}`])).rejects.toMatchObject({
    problems: [{ message: 'must hold a JSON object' }],
  });
});

test('a word without = is refused, with the option it was given to', () => {
  expect(() => keyValues('--env', ['A=1', 'B', '=x'])).toThrow(
    expect.objectContaining({
      problems: [
        { field: '--env', message: 'must be KEY=VALUE', value: 'B' },
        { field: '--env', message: 'must be KEY=VALUE', value: '=x' },
      ],
    }) as Error,
  );
});

test.each([
  ['alpine:3.20', 'job-orchestrator image add alpine alpine:3.20'],
  [
    'registry:5000/team/my_app@sha256:00',
    'job-orchestrator image add my-app registry:5000/team/my_app@sha256:00',
  ],
])('the reference %s is answered with the command that names it', async (reference, command) => {
  await expect(submissionOf(reference, [], none)).rejects.toMatchObject({
    problems: [{ field: 'IMAGE', message: expect.stringContaining(command) as string }],
  });
});
