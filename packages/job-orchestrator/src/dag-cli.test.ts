import { writeFile } from 'node:fs/promises';
import type { DagRunDto, JsonObject, NodeRunDto } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { run, start, until, useDev } from './testing/cli.ts';

const dev = useDev();
const { jo } = dev;

const shell = (line: string): JsonObject => ({ command: ['sh', '-c', line] });
const good = shell('true');
const bad = shell('exit 3');
const endless = shell('exec sleep 600');

const apply = async (name: string, nodes: JsonObject, more: JsonObject = {}): Promise<void> => {
  await dev.client.applyDag({ name, defaults: { image: 'sh' }, nodes, ...more });
};

/** A run of these nodes, started past the command line. */
const started = async (name: string, nodes: JsonObject, more: JsonObject = {}): Promise<string> => {
  await apply(name, nodes, more);
  return (await dev.client.startDagRun(name)).id;
};

const ended = async (id: string, state: string): Promise<void> =>
  until(`${id} to be ${state}`, async () => (await dev.client.getDagRun(id)).state === state);

const described = async (id: string): Promise<DagRunDto & { nodes: NodeRunDto[] }> =>
  JSON.parse((await jo('describe', 'run', id, '-o', 'json')).stdout) as DagRunDto & { nodes: NodeRunDto[] };

describe('dag apply', () => {
  const file = (): string => dev.path('dag.yaml');
  const yaml = 'name: applied\ndefaults: { image: sh }\nnodes:\n  a: { run: "true" }\n';

  test('makes a version, and none where nothing changed', async () => {
    await writeFile(file(), yaml);
    expect(await jo('dag', 'apply', '-f', file())).toEqual({
      code: 0,
      stdout: 'dag/applied version 1\n',
      stderr: 'start it: job-orchestrator dag run applied\n',
    });
    await writeFile(file(), `# a comment\n${yaml}`);
    const again = await jo('dag', 'apply', '-f', file());
    expect(again).toMatchObject({ code: 0, stdout: 'dag/applied version 1\n' });
    expect(again.stderr).toContain('nothing changed');
    const changed = await run(
      dev.folder,
      ['dag', 'apply', '-f', '-', '-o', 'json'],
      yaml.replace('true', 'date'),
    );
    expect(JSON.parse(changed.stdout)).toMatchObject({ version: 2, created: true });
  });

  test.each([
    ['no such file', ['-f', '/nowhere/dag.yaml'], /nowhere/],
    ['no file at all', [], /required option '-f, --file/],
    ['a file given twice', ['-f', 'a.yaml', '-f', 'b.yaml'], /once/],
  ])('%s ends with 2', async (_what, words, message) => {
    const { code, stdout, stderr } = await jo('dag', 'apply', ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });

  test('a mistake ends with 2, and is shown where it is', async () => {
    await writeFile(file(), yaml.replace('run:', 'rum:'));
    const { code, stdout, stderr } = await jo('dag', 'apply', '-f', file());
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${file()}:4:8 nodes.a.rum`);
    expect(stderr).toContain('did you mean run?');
  });
});

describe('dag run', () => {
  test('starts a run and says how to follow it', async () => {
    await apply('plain', { a: good });
    const { code, stdout, stderr } = await jo('dag', 'run', 'plain');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f-]{36}\n$/);
    expect(stderr).toContain(`job-orchestrator dag watch ${stdout.trim().slice(-8)}`);
    await ended(stdout.trim(), 'completed');
    expect((await jo('dag', 'run', 'plain', '-o', 'name')).stdout).toMatch(/^run\/[0-9a-f-]{36}\n$/);
  });

  test('with --watch tells each node, and exits with 0 for a run that completed', async () => {
    await apply('watched', {
      a: good,
      b: { ...good, needs: ['a'] },
      c: { ...good, needs: ['b'], when: 'false' },
    });
    const { code, stdout, stderr } = await jo('dag', 'run', 'watched', '--watch');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^run [0-9a-f]{8}; its story: job-orchestrator describe run [0-9a-f]{8}\n$/);
    expect(stdout).toMatch(
      /✔ completed a [^]*✔ completed b [^]*– skipped +c .*false is false[^]*run completed\n$/,
    );
  });

  test('exits with 3 for one that failed, and says which node and what followed', async () => {
    await apply('failing', { a: bad, b: { ...good, needs: ['a'] } });
    const { code, stdout } = await jo('dag', 'run', 'failing', '-w');
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /✖ failed +a .*its job failed[^]*– skipped +b .*a failed; triggerRule all_success asks for all to complete[^]*run failed\n$/,
    );
  });

  test('tells an attempt that failed and the next one', async () => {
    await apply('again', {
      a: { ...shell('test "$JOB_ORCHESTRATOR_ATTEMPT" = 2'), retry: { maxRetries: 1 } },
    });
    const { code, stdout } = await jo('dag', 'run', 'again', '-w');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /● running +a .*attempt 1 failed, tried again soon[^]*✔ completed a .*attempt 2\n/,
    );
  });

  test('takes inputs from words and a file; a word wins, JSON where it is valid', async () => {
    const inputs = { n: { type: 'integer' }, day: { type: 'string' }, tags: { type: 'array', default: [] } };
    await apply('with-inputs', { a: good }, { inputs });
    await writeFile(dev.path('inputs.json'), '{"n": 1, "day": "monday"}');
    const words = ['--inputs-file', dev.path('inputs.json'), '-i', 'n=3', '-i', 'tags=["x"]'];
    const { stdout } = await jo('dag', 'run', 'with-inputs', ...words);
    expect((await described(stdout.trim())).inputs).toEqual({ n: 3, day: 'monday', tags: ['x'] });
  });

  test.each([
    ['an input of the wrong type', ['with-inputs', '-i', 'n=three', '-i', 'day=x'], 2, /inputs\.n/],
    ['an unknown input', ['with-inputs', '-i', 'n=3', '-i', 'dya=x'], 2, /inputs\.dya.*day|day/s],
    ['an input that is no pair', ['with-inputs', '-i', 'n'], 2, /--input.*must be KEY=VALUE/s],
    [
      'an input that is given twice',
      ['with-inputs', '-i', 'n=1', '-i', 'n=2'],
      2,
      /--input.*gives n a second time/s,
    ],
    ['an inputs file that is not there', ['with-inputs', '--inputs-file', '/nowhere'], 2, /nowhere/],
    ['a version that is none', ['with-inputs', '--dag-version', '0'], 2, /from 1/],
    ['a version that is not there', ['with-inputs', '--dag-version', '9'], 5, /no version 9 of DAG/],
    ['a DAG that is not there', ['nobody'], 5, /There is no DAG nobody/],
    ['no name', [], 2, /missing required argument 'name'/],
  ])('%s: refused', async (_what, words, expected, message) => {
    const { code, stdout, stderr } = await jo('dag', 'run', ...words);
    expect([code, stdout]).toEqual([expected, '']);
    expect(stderr).toMatch(message);
  });

  test('with the same key starts once, and with another request under it conflicts', async () => {
    await apply('keyed', { a: good }, { inputs: { n: { type: 'integer', default: 1 } } });
    const words = ['dag', 'run', 'keyed', '--idempotency-key', 'the-key'];
    const first = await jo(...words);
    const second = await jo(...words);
    expect(second.stdout).toBe(first.stdout);
    expect(second.stderr).toContain('started before with the same key');
    expect((await jo(...words, '-i', 'n=2')).code).toBe(6);
  });
});

describe('dag watch', () => {
  test('exits with 8 when its time is over, and the run goes on', async () => {
    const id = await started('slow', { a: endless });
    const { code, stdout } = await jo('dag', 'watch', id, '--timeout', '1s');
    expect(code).toBe(8);
    expect(stdout).toMatch(/● running +a [^]*run running\n$/);
    expect((await dev.client.getDagRun(id)).finishedAt).toBeNull();
    await dev.client.cancelDagRun(id);
  });

  test('exits with 7 for a run that was cancelled', async () => {
    const id = await started('cancelled', { a: endless });
    const watching = start(dev.folder, ['dag', 'watch', id]);
    await until('the node to be told', () => watching.stdout().includes('● running'));
    expect((await jo('dag', 'cancel', id)).code).toBe(0);
    const { code, stdout } = await watching.finished;
    expect(code).toBe(7);
    expect(stdout).toMatch(
      /■ cancelled a .*the run was cancelled: cancelled by a user\n[^]*run cancelled\n$/,
    );
  });

  test('at Ctrl-C leaves the run alone, and says so', async () => {
    const id = await started('left', { a: endless });
    const watching = start(dev.folder, ['dag', 'watch', id]);
    await until('the node to be told', () => watching.stdout().includes('● running'));
    watching.child.kill('SIGINT');
    const { code, stderr } = await watching.finished;
    expect(code).toBe(130);
    expect(stderr).toContain(`the run goes on; see it: job-orchestrator describe run ${id.slice(-8)}`);
    expect((await dev.client.getDagRun(id)).finishedAt).toBeNull();
    await dev.client.cancelDagRun(id);
  });

  test('with -o json writes the run at its end to stdout, and what happens to stderr', async () => {
    const id = await started('as-json', { a: good });
    const { code, stdout, stderr } = await jo('dag', 'watch', id, '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id, state: 'completed', nodes: [{ name: 'a' }] });
    expect(stderr).toMatch(/✔ completed a .*\nrun completed\n$/);
  });

  test('of a run that is not there ends with 5', async () => {
    const { code, stderr } = await jo('dag', 'watch', 'ffffffff');
    expect(code).toBe(5);
    expect(stderr).toContain('No DAG run has an id that begins or ends with ffffffff');
    expect((await jo('dag', 'watch', '@latest', '--timeout', 'soon')).code).toBe(2);
  });
});

describe('changing a run', () => {
  test('pause, resume and cancel say what they did; an ended run conflicts', async () => {
    const id = await started('steered', { a: endless });
    const short = id.slice(-8);
    expect((await jo('dag', 'pause', id)).stdout).toBe(`${short} is paused\n`);
    expect((await jo('describe', 'run', id)).stdout).toContain(`go on: job-orchestrator dag resume ${short}`);
    expect((await jo('dag', 'resume', short)).stdout).toBe(`${short} goes on\n`);
    const cancelled = await jo('dag', 'cancel', '@latest', '-o', 'json');
    expect(JSON.parse(cancelled.stdout)).toMatchObject({ id, answer: 'accepted' });
    await ended(id, 'cancelled');
    const late = await jo('dag', 'cancel', id);
    expect(late).toMatchObject({ code: 6, stdout: `${short} had ended already: cancelled\n` });
    for (const verb of ['pause', 'resume']) {
      const { code, stderr } = await jo('dag', verb, id);
      expect(code).toBe(6);
      expect(stderr).toContain('is cancelled');
    }
  });

  test('retry runs what failed again, rerun what follows from a node; both as new runs', async () => {
    const id = await started('mended', { a: good, b: { ...bad, needs: ['a'] } });
    await ended(id, 'failed');
    const retried = await jo('dag', 'retry', id);
    expect(retried.stderr).toContain('follow it: job-orchestrator dag watch');
    const again = await described(retried.stdout.trim());
    expect(again).toMatchObject({
      retryOf: id,
      nodes: [
        { name: 'a', keptFrom: id },
        { name: 'b', keptFrom: null },
      ],
    });
    const rerun = await jo('dag', 'rerun', id, '--from', 'a', '-o', 'name');
    expect(rerun.stdout).toMatch(/^run\/[0-9a-f-]{36}\n$/);
    const story = await jo('describe', 'run', retried.stdout.trim());
    expect(story.stdout).toContain(`parts of run ${id.slice(-8)}, run again`);
    expect(story.stdout).toContain(`kept from run ${id.slice(-8)}`);
  });

  test('retry and rerun refuse an open run, an unknown node, and a run that is not there', async () => {
    const id = await started('open', { a: endless });
    expect((await jo('dag', 'retry', id)).code).toBe(6);
    expect((await jo('dag', 'rerun', id, '--from', 'a')).code).toBe(6);
    await dev.client.cancelDagRun(id);
    await ended(id, 'cancelled');
    const unknown = await jo('dag', 'rerun', id, '--from', 'aa');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/from.*must be a node of the DAG.*aa/s);
    expect(await jo('dag', 'rerun', id)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--from NODE.*-i NAME=VALUE.*dag retry/s),
    });
    expect((await jo('dag', 'retry', 'ffffffff')).code).toBe(5);
    expect((await jo('dag', 'pause', 'ffffffff')).code).toBe(5);
  });
});

describe('reading runs', () => {
  test('get dags and get runs list, in every format, and say what to do where there are none', async () => {
    const id = await started('listed', { a: good, b: good });
    await ended(id, 'completed');
    expect((await jo('dag', 'retry', id)).stderr).toContain('dag_run_not_failed');
    expect((await jo('get', 'dags')).stdout).toMatch(/^NAME +VERSION +NODES +AGE\n[^]*listed +1 +2 /);
    expect((await jo('get', 'dags', '-o', 'name')).stdout).toContain('dag/listed\n');
    const words = ['get', 'runs', '--dag', 'listed'];
    expect((await jo(...words, '-o', 'name')).stdout).toBe(`run/${id}\n`);
    expect((await jo(...words)).stdout).toMatch(
      /^ID +DAG +STATE +OPEN +RAN +AGE\n[0-9a-f]{8} +listed v1 +completed +0 /,
    );
    expect(JSON.parse((await jo(...words, '-o', 'json')).stdout)).toMatchObject([{ id, dag: 'listed' }]);
    const none = await jo('get', 'runs', '--dag', 'nobody');
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toContain('nothing fits the filter: --dag nobody');
    expect((await jo('get', 'runs', '--dag', 'No Name')).code).toBe(2);
    expect((await jo('get', 'runs', '--limit', '0')).code).toBe(2);
  });

  test('get runs leads to its next page', async () => {
    await started('paged', { a: good });
    await started('paged', { a: good });
    const first = await jo('get', 'runs', '--dag', 'paged', '--limit', '1', '-o', 'name');
    const cursor = /--cursor (\S+)/.exec(first.stderr)?.[1] ?? '';
    const second = await jo(
      'get',
      'runs',
      '--dag',
      'paged',
      '--limit',
      '1',
      '-o',
      'name',
      '--cursor',
      cursor,
    );
    expect(second.stdout).toMatch(/^run\//);
    expect(second.stdout).not.toBe(first.stdout);
  });

  test('get nodes shows what each brought, or why it brought nothing', async () => {
    const write = shell('echo "{\\"n\\":7}" > "$JOB_ORCHESTRATOR_OUTPUT"');
    const id = await started('nodes', {
      a: { ...write, outputs: { n: { type: 'integer' } } },
      b: { ...bad, needs: ['a'] },
      c: { ...good, needs: ['b'] },
      d: { ...good, forEach: ['x', 'y'] },
    });
    await ended(id, 'failed');
    const { stdout } = await jo('get', 'nodes', id);
    expect(stdout).toMatch(/^NODE +STATE +JOB +TRIES +RAN +OUTPUT OR WHY\n/);
    expect(stdout).toMatch(/\na +completed +[0-9a-f]{8} +1 +\S+ +\{"n":7\}\n/);
    expect(stdout).toMatch(/\nb +failed +[0-9a-f]{8} +1 +\S+ +its job failed/);
    expect(stdout).toMatch(
      /\nc +skipped +– +– +– +b failed; triggerRule all_success asks for all to complete\n/,
    );
    expect(stdout).toMatch(/\nd\[1\] +completed/);
    const json = JSON.parse((await jo('get', 'nodes', id, '-o', 'json')).stdout) as { output: unknown }[];
    expect(json[0]).toMatchObject({ name: 'a', output: { n: 7 } });
    const page = await jo('get', 'nodes', id, '--limit', '2');
    expect(page.stderr).toContain('there are more; the next page: --cursor ');
    expect((await jo('get', 'nodes', 'ffffffff')).code).toBe(5);
  });

  test('dag show gives what was applied, ready to be applied again', async () => {
    await apply('shown', { a: good }, { description: 'first' });
    await apply('shown', { a: good, b: good }, { description: 'second' });
    const { code, stdout, stderr } = await jo('dag', 'show', 'shown');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^name: shown\n[^]*description: second\n/);
    expect(stderr).toContain('version 2, applied ');
    expect((await jo('dag', 'show', 'shown', '--dag-version', '1')).stdout).toContain('description: first\n');
    const again = await run(dev.folder, ['dag', 'apply', '-f', '-'], stdout);
    expect(again).toMatchObject({ code: 0, stdout: 'dag/shown version 2\n' });
    expect((await jo('dag', 'show', 'shown', '--dag-version', '9')).code).toBe(5);
    expect((await jo('dag', 'show', 'nobody')).code).toBe(5);
  });

  test('dag render draws a run with the states of its nodes', async () => {
    const id = await started('drawn', {
      a: bad,
      b: { ...good, needs: ['a'] },
      c: { ...good, forEach: [1, 2] },
    });
    await ended(id, 'failed');
    const { code, stdout } = await jo('dag', 'render', '--run', id);
    expect(code).toBe(0);
    expect(stdout).toContain('["✖ a"]:::failed\n');
    expect(stdout).toContain('["– b"]:::skipped\n');
    expect(stdout).toContain('["✔ c ×n"]:::completed\n');
    const svg = await jo('dag', 'render', '--run', '@latest', '--format', 'svg');
    expect(svg.stdout).toMatch(/<title>c ×n \(job, completed, \S+, 2\/2 items\)<\/title>/);
    expect((await jo('dag', 'render', '--run', 'ffffffff')).code).toBe(5);
    const both = await jo('dag', 'render', '--run', id, '-f', 'x.yaml');
    expect(both.code).toBe(2);
    expect(both.stderr).toContain('--run must be given, and not both');
    expect((await jo('dag', 'render')).code).toBe(2);
  });

  test('describe run tells states, durations and reasons, and what to do', async () => {
    const id = await started('told', { a: bad, b: { ...good, needs: ['a'] } });
    await ended(id, 'failed');
    const { stdout } = await jo('describe', 'run', id);
    expect(stdout).toMatch(/^told v1 +failed +/);
    expect(stdout).toContain(`job-orchestrator dag retry ${id.slice(-8)}`);
    expect(stdout).toMatch(/✖ failed +a +\S+ +job [0-9a-f]{8} +its job failed: /);
    expect((await jo('describe', 'run', id.slice(0, 3))).code).toBe(5);
    expect((await jo('describe', 'run', 'zzzzzzzz')).code).toBe(5);
    expect((await jo('describe', 'run')).code).toBe(2);
  });

  // A completion gives up after a second: a loaded machine may need more than one try.
  const completed = (wanted: string, ...words: string[]): Promise<void> =>
    until(`${wanted} to be offered`, async () =>
      (await jo('__complete', '--', ...words)).stdout.includes(wanted),
    );

  test('completion knows runs and DAGs', async () => {
    const id = await started('completed-words', { a: good });
    await completed(`${id.slice(-8)}\n`, 'dag', 'watch', id.slice(-8, -5));
    await completed('@latest\n', 'describe', 'run', '@');
    await completed('completed-words\n', 'dag', 'run', 'completed');
  });
});

test('a server that is not there ends with 1, whatever is asked of it', async () => {
  for (const words of [
    ['dag', 'watch', 'x'],
    ['get', 'runs'],
    ['dag', 'run', 'x'],
  ]) {
    const { code, stderr } = await jo(...words, '--server', 'http://127.0.0.1:9');
    expect(code).toBe(1);
    expect(stderr).toContain('server_unreachable');
  }
});
