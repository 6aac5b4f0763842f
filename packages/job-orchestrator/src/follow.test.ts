import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientOf, run, start, startDev, stopDev, until, type Running } from './testing/cli.ts';
import { readServerFile } from './discovery/data-folder.ts';

let dataDir = '';
let dev: Running;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-follow-'));
  dev = await startDev(dataDir);
});
afterAll(async () => {
  await stopDev(dev);
  await rm(dataDir, { recursive: true, force: true });
});

/** Fails the first time with `bad data` and no newline, and is well the second time. */
const flaky = (name: string): string =>
  `test -e ${join(dataDir, name)} || { touch ${join(dataDir, name)}; printf "bad data"; exit 3; }; echo well`;

test('run says why an attempt failed when the next one begins, on a line of its own', async () => {
  const words = ['run', '--max-retries', '2', 'hello', '--', 'sh', '-c', flaky('one')];
  const { code, stdout, stderr } = await run(dataDir, words);
  expect(code).toBe(0);
  expect(stdout).toBe('bad datawell\n');
  expect(stderr).toMatch(/\n\n.*: attempt 2; attempt 1 failed: The program ended with exit code 3\.\n/s);
});

test('logs of an ended job says on stderr that it shows the last 64 KiB, and how much is not there', async () => {
  const words = ['run', 'hello', '--', 'sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x'];
  expect((await run(dataDir, words)).stdout).toHaveLength(100_000);
  const { stdout, stderr } = await run(dataDir, ['logs', '@latest']);
  expect(stdout).toBe('x'.repeat(65_536));
  expect(stderr).toMatch(/the first 34464 bytes .* are not shown: .*the last 64 KiB are kept/);
});

test('submit --wait and get jobs say why jobs wait, in a line and in a word', async () => {
  expect((await run(dataDir, ['topic', 'pause', 'nightly'])).code).toBe(0);
  const file = join(dataDir, 'nightly.yaml');
  const jobs = ['one', 'two'].map(
    (name) => `  - { name: ${name}, topic: nightly, image: hello, command: ['true'] }\n`,
  );
  await writeFile(file, `jobs:\n${jobs.join('')}`);
  const waiting = start(dataDir, ['submit', '-f', file, '--wait']);
  await until('that to be told', () =>
    /\(\w+\) and 1 more wait: topic nightly is paused\n/.test(waiting.stderr()),
  );
  const listed = await run(dataDir, ['get', 'jobs', '-t', 'nightly']);
  expect(listed.stdout.match(/pending +topic_paused/g)).toHaveLength(2);
  expect((await run(dataDir, ['topic', 'resume', 'nightly'])).code).toBe(0);
  const { code, stderr } = await waiting.finished;
  expect(code).toBe(0);
  expect(stderr.match(/is paused/g)).toHaveLength(1);
});

test('run refuses another form of the log', async () => {
  const { code, stderr } = await run(dataDir, ['run', '-o', 'yaml', 'hello', '--', 'true']);
  expect(code).toBe(2);
  expect(stderr).toContain('--detach');
});

test('how long a job ran counts to its program’s end, though nobody was there to record it', async () => {
  const client = await clientOf(dataDir);
  const { jobs } = await client.submitJobs({ image: 'hello', command: ['sleep', '1'] });
  const id = jobs[0]!.id;
  await until('it to run', async () => (await client.getJob(id)).state === 'running');
  dev.child.kill('SIGKILL');
  await dev.finished;
  const gone = Date.now();
  await until('its program to have been over for long', () => Date.now() - gone > 3_000);
  dev = await startDev(dataDir);
  const again = await clientOf(dataDir);
  await until('it to be recorded', async () => (await again.getJob(id)).state === 'completed');
  const { startedAt, attemptFinishedAt, finishedAt } = await again.getJob(id);
  const [ran, recorded] = [attemptFinishedAt, finishedAt].map(
    (at) => Date.parse(at!) - Date.parse(startedAt!),
  );
  expect(ran).toBeLessThan(2_500);
  expect(recorded).toBeGreaterThan(3_000);
  const [row] = (await again.listJobs({})).items.filter((job) => job.id === id);
  expect(row?.attemptFinishedAt).toBe(attemptFinishedAt);
  expect((await run(dataDir, ['get', 'jobs'])).stdout).toMatch(new RegExp(`${id.slice(-8)}.* [12]\\.\\d+s `));
});

test('submit --wait and logs -f ride through a server that is killed and comes back, and say so', async () => {
  const file = join(dataDir, 'jobs.yaml');
  await writeFile(
    file,
    `jobs:\n  - { name: slow, image: hello, command: [sh, -c, 'echo begins; sleep 6; echo ends'] }\n` +
      `  - { name: flaky, image: hello, command: [sh, -c, '${flaky('two')}'], retry: { maxRetries: 1 } }\n`,
  );
  const { url } = (await readServerFile(dataDir))!;
  const waiting = start(dataDir, ['submit', '-f', file, '--wait']);
  await until('both to begin', () =>
    ['(slow) running', 'tried again'].every((text) => waiting.stderr().includes(text)),
  );
  expect(waiting.stderr()).toContain('will be tried again: The program ended with exit code 3.');
  const following = start(dataDir, ['logs', '-f', waiting.stderr().match(/(\w+) \(slow\) running/)![1]!]);
  await until('it to follow', () => following.stdout().includes('begins'));
  dev.child.kill('SIGKILL');
  await dev.finished;
  for (const { stderr } of [waiting, following])
    await until('that to be seen', () => stderr().includes('the server does not answer'));
  dev = await startDev(dataDir, ['--port', new URL(url).port]);
  const { code, stdout } = await waiting.finished;
  expect(code).toBe(0);
  expect(stdout).toMatch(/slow +completed/);
  expect(stdout).toMatch(/flaky +completed/);
  expect(await following.finished).toMatchObject({ code: 0, stdout: 'begins\nends\n' });
});
