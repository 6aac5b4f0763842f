import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JobDetail, JobSubmission, JobSummaryDto } from '@job-orchestrator/types';
import { run, start, until, useDev } from './testing/cli.ts';

const dev = useDev();
const { jo } = dev;

/** Submits a job past the command line, where a test is about what comes after. */
const submitted = async (job: Omit<JobSubmission, 'image'>): Promise<string> => {
  const { jobs } = await dev.client.submitJobs({ image: 'hello', ...job });
  return jobs[0]!.id;
};

const describedJob = async (id: string): Promise<JobDetail> =>
  JSON.parse((await jo('describe', 'job', id, '-o', 'json')).stdout) as JobDetail;

const ended = async (id: string, state: string): Promise<void> =>
  until(`${id} to be ${state}`, async () => (await dev.client.getJob(id)).state === state);

describe('dev', () => {
  test('says where it is, that there is no isolation, and what to type next', () => {
    expect(dev.running.stderr()).toContain('http://127.0.0.1:');
    expect(dev.running.stderr()).toContain(dev.folder);
    expect(dev.running.stderr()).toContain('No isolation');
    expect(dev.running.stderr()).toContain('job-orchestrator run hello');
    expect(dev.running.stdout()).toBe('');
  });

  test('refuses a second process on its folder', async () => {
    const second = await jo('dev', '--port', '0');
    expect(second.code).toBe(6);
    expect(second.stderr).toContain('data_folder_in_use');
    expect(second.stderr).toContain('--data');
  });

  test('asks for its token', async () => {
    const wrong = dev.path('wrong-token');
    await writeFile(wrong, 'not-the-token-at-all');
    const { code, stderr } = await jo('get', 'jobs', '--token-file', wrong);
    expect(code).toBe(4);
    expect(stderr).toContain('unauthorized');
    expect(stderr).toContain(`the token of --token-file ${wrong}`);
  });

  test.each([
    ['that cannot be sent', 'two\nwords', 'is not a token'],
    ['that is empty', '\n', 'is empty'],
  ])('a token %s is refused before anybody is asked, and shown to nobody', async (_name, text, message) => {
    const wrong = dev.path('no-token');
    await writeFile(wrong, text);
    const { code, stderr } = await jo('get', 'jobs', '--token-file', wrong);
    expect(code).toBe(2);
    expect(stderr).toContain(`--token-file: ${message}`);
    expect(stderr).not.toContain('words');
  });

  test('a file where the data folder should be is the fault of whoever named it', async () => {
    const { code, stderr } = await run(dev.path('token'), ['get', 'jobs']);
    expect(code).toBe(2);
    expect(stderr).toContain('allowed: a folder that can be written');
  });
});

describe('run', () => {
  test('the words after the program are the program’s, with or without --', async () => {
    const { code, stdout } = await jo('run', 'hello', '--name', 'mine', 'echo', '-n', 'foo');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'foo' });
    expect((await dev.client.listJobs({ limit: 1 })).items[0]).toMatchObject({ name: 'mine' });
  });

  test('writes the log to stdout and everything else to stderr', async () => {
    const { code, stdout, stderr } = await jo('run', 'first-use', '--', 'echo', 'hello there');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello there\n' });
    expect(stderr).toContain('image first-use was not registered');
    expect(stderr).toMatch(/image.*not.*used/i);
  });

  test('exits with the program’s own code, or its class', async () => {
    const failing = ['run', 'hello', '--', 'sh', '-c', 'exit 42'];
    const own = await jo(...failing);
    expect(own.code).toBe(42);
    expect(own.stderr).toContain('describe job');
    expect((await jo(...failing.toSpliced(1, 0, '--exit-status=class'))).code).toBe(3);
  });

  test('exits with 2 where the command line is wrong, whoever finds it', async () => {
    expect((await jo('run', 'Bad Name', '--', 'true')).code).toBe(2);
    expect((await jo('run', '--topic', 'A B', 'hello', '--', 'true')).code).toBe(2);
    expect((await jo('submit', '-f', 'a.yaml', '-f', 'b.yaml')).code).toBe(2);
    expect((await jo('submit', '-f', 'a.yaml', '--timeout', '2s')).code).toBe(2);
  });

  test('exits with 125 where the fault is not the program’s', async () => {
    expect((await jo('run', 'hello', '--', '/does/not/exist')).code).toBe(125);
    expect((await jo('run', 'hello', '--server', 'http://127.0.0.1:9', '--', 'true')).code).toBe(125);
    expect((await jo('run', 'hello', '--exit-status=class', '--server', 'http://127.0.0.1:9')).code).toBe(1);
  });

  test('breaks a rule of jobs: refused with the field, the rule and the value', async () => {
    const { code, stderr } = await jo(
      'run',
      '--exit-status=class',
      '--name',
      'Not A Name',
      'hello',
      '--',
      'true',
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/name.*lower-case.*Not A Name/s);
  });

  test('hands over environment and inputs, and takes an output', async () => {
    const script =
      'echo "$GREETING"; cat "$JOB_ORCHESTRATOR_INPUT"; echo "[1,2]" > "$JOB_ORCHESTRATOR_OUTPUT"';
    const flags = ['--env', 'GREETING=good day', '--input', 'k=v', '--output'];
    const { code, stdout, stderr } = await jo('run', 'hello', ...flags, '--', 'sh', '-c', script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'good day\n{"k":"v"}' });
    expect(stderr).toContain('output of');
    expect((await dev.client.getJob('@latest')).output?.value).toEqual([1, 2]);
  });

  test('detached writes the id and does not wait', async () => {
    const { code, stdout } = await jo('run', '--detach', '-o', 'name', 'hello', '--', 'sleep', '600');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^job\/[0-9a-f-]{36}\n$/) as string,
    });
    await dev.client.cancelJob('@latest');
  });

  test('tries again as often as it may, and the log says which attempt', async () => {
    const script = 'echo "attempt $JOB_ORCHESTRATOR_ATTEMPT"; test "$JOB_ORCHESTRATOR_ATTEMPT" = 2';
    const { code, stdout, stderr } = await jo('run', 'hello', '--max-retries', '1', '--', 'sh', '-c', script);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'attempt 1\nattempt 2\n' });
    expect(stderr).toContain('attempt 2');
  });

  test('at Ctrl-C leaves the job running and says how to cancel it', async () => {
    const following = start(dev.folder, ['run', 'hello', '--', 'sh', '-c', 'echo ready; exec sleep 600']);
    await until('the job to run', () => following.stdout().includes('ready'));
    following.child.kill('SIGINT');
    const { code, stderr } = await following.finished;
    expect(code).toBe(130);
    const id = /job-orchestrator cancel ([0-9a-f]{8})/.exec(stderr)?.[1] ?? '';
    expect((await dev.client.getJob(id)).state).toBe('running');
    expect((await jo('cancel', id, '--reason', 'test')).code).toBe(0);
    await ended(id, 'cancelled');
    expect((await jo('cancel', id)).code).toBe(6);
  });
});

describe('submit', () => {
  const file = (): string => dev.path('jobs.yaml');

  test('waits for all jobs of a file and shows what they brought', async () => {
    await writeFile(
      file(),
      `- { name: one, image: hello, command: [sh, -c, 'echo 7 > "$JOB_ORCHESTRATOR_OUTPUT"'], output: true }
- { name: two, image: hello, command: ['true'] }
---
{ name: three, image: hello, command: [sh, -c, exit 9] }
`,
    );
    const { code, stdout, stderr } = await jo('submit', '-f', file(), '--wait');
    expect(code).toBe(3);
    expect(stdout).toMatch(/one +completed +1 +\S+ +7\n/);
    expect(stdout).toMatch(/three +failed +1 .*9/);
    expect(stderr).toContain('3 jobs submitted');
  });

  test('refuses a file as a whole, with file, line and column', async () => {
    await writeFile(file(), '- image: hello\n- image: hello\n  priorty: 3\n');
    const { code, stdout, stderr } = await jo('submit', '-f', file());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${file()}:3:3 jobs[1].priorty`);
    expect(stderr).toContain('did you mean priority?');
  });

  test('reads standard input, and gives up waiting in time', async () => {
    const job = JSON.stringify({ image: 'hello', command: ['sleep', '600'] });
    const { code, stdout } = await run(
      dev.folder,
      ['submit', '-f', '-', '--wait', '--timeout', '1s', '-o', 'name'],
      job,
    );
    expect(code).toBe(8);
    expect(stdout).toMatch(/^job\/[0-9a-f-]{36}\n$/);
    expect((await jo('cancel', '@latest')).code).toBe(0);
  });

  test('with the same key submits once', async () => {
    await writeFile(file(), 'image: hello\ncommand: ["true"]\n');
    const words = ['submit', '-f', file(), '--idempotency-key', 'only-once', '-o', 'name'];
    const first = await jo(...words);
    expect((await jo(...words)).stdout).toBe(first.stdout);
  });
});

describe('reading', () => {
  test('what -o name writes names the job to every command', async () => {
    const id = await submitted({ command: ['true'] });
    const { stdout } = await jo('get', 'jobs', id, '-o', 'name');
    expect(stdout).toBe(`job/${id}\n`);
    for (const words of [['describe', 'job'], ['describe'], ['get']])
      expect((await jo(...words, stdout.trim())).stdout).toContain(id.slice(-8));
  });

  test('a job is found by its end, its beginning and @latest; an unknown one is not', async () => {
    const id = await submitted({ name: 'findable', command: ['true'] });
    for (const selector of [id.slice(-8), id.slice(0, 23), '@latest'])
      expect((await describedJob(selector)).id).toBe(id);
    expect((await jo('describe', 'job', 'ffffffff')).code).toBe(5);
    expect((await jo('describe', 'job', id.slice(0, 4))).code).toBe(6);
  });

  test('lists can be narrowed, and come in every format', async () => {
    const id = await submitted({ topic: 'narrow', labels: { team: 'blue' }, command: ['true'] });
    await ended(id, 'completed');
    const words = ['get', 'jobs', '--topic', 'narrow', '--label', 'team=blue', '--state', 'completed'];
    expect((await jo(...words, '-o', 'name')).stdout).toBe(`job/${id}\n`);
    const [listed] = JSON.parse((await jo(...words, '-o', 'json')).stdout) as JobSummaryDto[];
    expect(listed).toMatchObject({ id, topic: 'narrow', state: 'completed' });
    expect((await jo(...words, '-o', 'yaml')).stdout).toContain(`id: ${id}\n`);
    expect((await jo(...words)).stdout).toMatch(/^ID +NAME +STATE/);
    expect((await jo('get', 'jobs', '--topic', 'nobody-has-this')).stderr).toContain(
      'nothing fits the filter: --topic nobody-has-this',
    );
  });

  test('pages lead to the next', async () => {
    await submitted({ command: ['true'] });
    const first = await jo('get', 'jobs', '--limit', '1', '-o', 'name');
    const cursor = /--cursor (\S+)/.exec(first.stderr)?.[1] ?? '';
    const second = await jo('get', 'jobs', '--limit', '1', '-o', 'name', '--cursor', cursor);
    expect(second.stdout).toMatch(/^job\//);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test('describe tells the story of a failure', async () => {
    const id = await submitted({ command: ['sh', '-c', 'exit 3'] });
    await ended(id, 'failed');
    const { stdout } = await jo('describe', 'job', id);
    expect(stdout).toMatch(/Story +It failed for good after 1 attempt/);
    expect(stdout).toMatch(/exit_code, user_error/);
    expect(stdout).toMatch(/What to do +Read the log/);
    expect(stdout).toMatch(/submitted/);
  });

  test('logs of each attempt, their end, and of none', async () => {
    const id = await submitted({ command: ['sh', '-c', 'echo one; echo two'] });
    await ended(id, 'completed');
    expect((await jo('logs', id)).stdout).toBe('one\ntwo\n');
    expect((await jo('logs', id, '--tail', '4')).stdout).toBe('two\n');
    expect((await jo('logs', '-f', id)).stdout).toBe('one\ntwo\n');
    expect((await jo('logs', id, '--attempt', '2')).code).toBe(5);
  });

  test('outputs are listed, written to a pipe byte by byte, and saved', async () => {
    const script =
      'cd "$(dirname "$JOB_ORCHESTRATOR_OUTPUT")"; echo "{ }" > result.json; printf "\\0\\377" > raw; echo x > a.txt';
    const id = await submitted({ command: ['sh', '-c', script], output: true });
    await ended(id, 'completed');
    const listed = await jo('outputs', id);
    expect(listed.stdout).toMatch(/^NAME +BYTES.*\na\.txt +2 .*\nraw +2 .*\nresult\.json +4 /);
    expect((await jo('outputs', id, '-o', 'name')).stdout).toBe(
      'output/a.txt\noutput/raw\noutput/result.json\n',
    );
    expect((await jo('outputs', id, 'result.json')).stdout).toBe('{ }\n');
    const folder = mkdtempSync(join(tmpdir(), 'jo-outputs-'));
    expect((await jo('outputs', id, '--save', join(folder, 'all'))).code).toBe(0);
    expect([...readFileSync(join(folder, 'all', 'raw'))]).toEqual([0, 255]);
    expect((await jo('outputs', id, 'a.txt', '--save', folder)).code).toBe(0);
    expect((await jo('outputs', id, 'a.txt', '--save', join(folder, 'b.txt'))).code).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual(['a.txt', 'all', 'b.txt']);
    const none = await jo('outputs', id, 'nothing');
    expect(none.code).toBe(5);
    expect(none.stderr).toContain('it has a.txt, raw, result.json');
    const nowhere = await jo('outputs', id, 'a.txt', '--save', '/dev/null/x');
    expect(nowhere.code).toBe(2);
    expect((await jo('describe', 'job', id)).stdout).toMatch(/Files +a\.txt \(2 bytes\), raw \(2 bytes\)/);
    rmSync(folder, { recursive: true });
  });

  test('nothing reaches a pipe but the program’s own bytes', async () => {
    const { stdout } = await jo('run', 'hello', '--', 'printf', 'a\\033[31mb\\rc');
    expect(stdout).toBe('a\u001b[31mb\rc');
  });
});

describe('changing', () => {
  test('retry runs an ended job again as a new one', async () => {
    const id = await submitted({ command: ['false'] });
    await ended(id, 'failed');
    const { code, stdout } = await jo('retry', id);
    expect(code).toBe(0);
    expect((await dev.client.getJob(stdout.trim())).retryOf).toBe(id);
    await dev.client.putImage({ name: 'hello', reference: 'registry.example/hello:2' });
    const renewed = await jo('retry', id, '--current-image');
    expect(renewed.stderr).toMatch(/it runs registry\.example\/hello:2; the old one ran \S+/);
  });

  test('retry of a job that runs is a conflict', async () => {
    const id = await submitted({ command: ['sleep', '600'] });
    expect((await jo('retry', id)).code).toBe(6);
    expect((await jo('cancel', id)).code).toBe(0);
  });

  test('a paused topic holds its jobs and says so, until it is resumed', async () => {
    const made = await jo('topic', 'pause', 'held');
    expect(made.stdout).toMatch(/held +yes/);
    expect(made.stderr).toBe('topic held was not known; made it now\n');
    const id = await submitted({ topic: 'held', command: ['true'] });
    expect((await jo('describe', 'job', id)).stdout).toMatch(
      /What to do +job-orchestrator topic resume held/,
    );
    expect((await jo('topic', 'resume', 'held')).code).toBe(0);
    await ended(id, 'completed');
    const limited = await jo('topic', 'limit', 'held', '2');
    expect(limited.stdout).toMatch(/held +no +2/);
    expect(limited.stderr).toBe('');
    expect((await jo('get', 'topics', '-o', 'name')).stdout).toContain('topic/held\n');
  });

  test('an image is added, disabled, and enabled by the command that the refusal names', async () => {
    expect(
      (await jo('image', 'add', 'tool', 'registry.example/tool:1', '--', 'echo', 'from the image')).code,
    ).toBe(0);
    expect((await jo('run', 'tool')).stdout).toBe('from the image\n');
    expect((await jo('image', 'disable', 'tool')).stdout).toMatch(/tool .*no/);
    const refused = await jo('run', '--exit-status=class', 'tool');
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('job-orchestrator image enable tool');
    expect((await jo('image', 'enable', 'tool')).stdout).toMatch(/tool .*yes/);
    expect((await jo('image', 'disable', 'nobody')).code).toBe(5);
  });
});

describe('helpers', () => {
  test('doctor finds nothing wrong with a running dev', async () => {
    const { code, stdout } = await jo('doctor');
    expect(stdout).toMatch(/ok +server +http:\/\/127\.0\.0\.1:\d+ .* is ready/);
    expect(stdout).toMatch(/ok +executors +1 live/);
    expect(code).toBe(0);
  });

  test('version tells both', async () => {
    const { stdout } = await jo('version');
    expect(stdout).toMatch(/^job-orchestrator \d.*\nserver \d.*process, embedded/);
    const short = await jo('--version');
    expect(short.code).toBe(0);
    expect(stdout).toContain(`job-orchestrator ${short.stdout.trim()} (`);
    expect((await jo('--help')).stdout).toMatch(/--version .*`version`/s);
  });

  test('executors are listed', async () => {
    expect((await jo('get', 'executors')).stdout).toMatch(/live +process +ALL/);
  });

  test('completion knows commands, options and jobs', async () => {
    const id = await submitted({ command: ['true'] });
    expect((await jo('__complete', '--', 'de')).stdout).toBe('dev\ndescribe\n');
    expect((await jo('__complete', '--', 'describe', 'job', id.slice(-8, -4))).stdout).toContain(
      `${id.slice(-8)}\n`,
    );
    expect((await jo('__complete', '--', 'run', '--pri')).stdout).toBe('--priority\n');
    expect((await jo('__complete', '--', 'get', 'jobs', '-o', '')).stdout).toBe('table\njson\nyaml\nname\n');
    expect((await jo('__complete', '--', 'run', '--topic', 'def')).stdout).toBe('default\n');
    expect((await jo('__complete', '--', 'run', '--limit', '')).stdout).toBe('');
    expect((await jo('completion', 'bash')).stdout).toContain('complete ');
  });

  test('errors are problem details where JSON is asked for', async () => {
    const { code, stdout, stderr } = await jo('describe', 'job', 'ffffffff', '-o', 'json');
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ code: 'job_not_found', status: 404 });
  });
});

describe('dead letters', () => {
  test('are listed, counted, run again and discarded', async () => {
    const topic = 'doomed';
    const ids = [
      await submitted({ topic, command: ['sh', '-c', 'exit 3'] }),
      await submitted({ topic, command: ['sh', '-c', 'exit 4'] }),
    ];
    for (const id of ids) await ended(id, 'failed');
    const listed = await jo('get', 'dead-letters', '-t', topic);
    expect(listed.stdout).toContain('exit_code (user_error)');
    expect(listed.stdout).toContain(ids[0]!.slice(-8));
    const refused = await jo('redrive', '--reason', 'mended');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('all');
    const dry = await jo('redrive', '-t', topic, '--dry-run');
    expect(dry.stderr).toContain('2 dead letters fit; nothing was changed');
    const unreasoned = await jo('discard', '-t', topic);
    expect(unreasoned).toMatchObject({ code: 2, stderr: expect.stringContaining('--reason') as string });
    const redriven = await jo('redrive', ids[0]!, '--by', 'anna', '--reason', 'mended', '-o', 'name');
    expect(redriven.stdout).toMatch(/^job\/[0-9a-f-]{36}\n$/);
    const again = await jo('redrive', ids[0]!, '--reason', 'mended');
    expect(again).toMatchObject({ code: 6, stderr: expect.stringContaining('1 of 1 named') as string });
    const story = await jo('describe', 'job', ids[0]!);
    expect(story.stdout).toContain('by anna');
    const discarded = await jo('discard', '-t', topic, '--category', 'user_error', '--reason', 'not needed');
    expect(discarded.stdout).toContain(ids[1]!);
  });
});
