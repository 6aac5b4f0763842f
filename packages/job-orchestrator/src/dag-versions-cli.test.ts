import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { until, useDev, type Finished } from './testing/cli.ts';

const dev = useDev();
const { jo } = dev;

/** Applies the file of this DAG. */
const apply = async (name: string, text: string): Promise<string> => {
  const file = dev.path(`${name}.yaml`);
  await writeFile(file, `name: ${name}\ndefaults: { image: sh }\n${text}`);
  expect(await jo('dag', 'apply', '-f', file)).toMatchObject({ code: 0 });
  return file;
};

const ended = async (finished: Promise<Finished>): Promise<string> => {
  const id = (await finished).stdout.trim();
  await until('the run to end', async () => (await dev.client.getDagRun(id)).finishedAt !== null);
  return id;
};

describe('the versions of a DAG', () => {
  test('are listed, newest first, with their runs', async () => {
    await apply('listed', 'nodes: { a: { run: "true" } }');
    await apply('listed', 'nodes: { a: { run: "true" }, b: { run: "true" } }');
    await jo('dag', 'run', 'listed', '--dag-version', '1');
    const { code, stdout, stderr } = await jo('dag', 'versions', 'listed');
    expect([code, stderr]).toEqual([0, '']);
    const [head, newest, oldest] = stdout.split('\n');
    expect(head).toMatch(/^VERSION +AGE +BY +NODES +RUNS +DIGEST +WHY$/);
    expect(newest).toMatch(/^2 +\S+ +api +2 +0 +[0-9a-f]{12} +applied by a user$/);
    expect(oldest).toMatch(/^1 +\S+ +api +1 +1 /);
    expect((await jo('dag', 'versions', 'listed', '-o', 'name')).stdout).toBe(
      'version/listed/2\nversion/listed/1\n',
    );
    const first = await jo('dag', 'versions', 'listed', '--limit', '1');
    expect(first.stderr).toContain('the next page: --cursor ');
    const misspelt = await jo('dag', 'versions', 'listd');
    expect([misspelt.code, misspelt.stderr]).toEqual([5, expect.stringContaining('did you mean listed?')]);
    const later = await jo('dag', 'show', 'listed', '--dag-version', '9');
    expect([later.code, later.stderr]).toEqual([5, expect.stringContaining('its newest is 2.')]);
  });

  test('are described: what goes in, what comes out, what runs, and what became of it', async () => {
    await apply(
      'described',
      `description: Adds up.
inputs: { day: { type: string, description: which day }, n: { type: integer, default: 3 } }
outputs: { day: '\${{ inputs.day }}' }
nodes:
  first: { run: "true" }
  each: { run: "true", needs: [first], forEach: [1, 2], when: inputs.n > 1 }
finally: { tell: { run: "true" } }
`,
    );
    const id = (await jo('dag', 'run', 'described', '-i', 'day=x')).stdout.trim();
    const { code, stdout, stderr } = await jo('describe', 'dag', 'described');
    expect([code, stderr]).toEqual([0, 'as it was applied: job-orchestrator dag show described\n']);
    for (const line of [
      /^described v1 {2}of project default\nAdds up\.\napplied \S+/,
      /\ninputs\n {2}day {2}string, required: which day\n {2}n {4}integer, 3 unless given\n/,
      /\noutputs\n {2}day {2}\$\{\{ inputs\.day \}\}\n/,
      /\n {2}first {2}runs sh\n {2}each {3}runs sh, once per item, when inputs\.n > 1, after first\n/,
      /\n {2}tell {3}runs sh, when all others have ended\n/,
    ])
      expect(stdout).toMatch(line);
    expect(stdout).toMatch(new RegExp(`\\nlast runs\\n {2}${id.slice(-8)} {2}\\w+, \\S+ ago, v1\\n$`));
    const json = JSON.parse((await jo('describe', 'dag', 'described', '-o', 'json')).stdout) as object;
    expect(json).toMatchObject({ name: 'described', runs: [{ id }] });
    expect((await jo('describe', 'dag', 'descrbed')).code).toBe(5);
  });

  test('are compared with a file and with one another', async () => {
    const file = await apply('compared', 'nodes: { a: { run: "true" } }');
    expect(await jo('dag', 'diff', 'compared')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('one version') as string,
    });
    await apply('compared', 'nodes: { a: { run: "false" } }');
    await apply('compared', 'nodes: { a: { run: "false" }, b: { run: "true" } }');
    expect(await jo('dag', 'diff', 'compared')).toEqual({
      code: 0,
      stdout: 'node b was added\n',
      stderr: 'from version 2 to version 3:\n',
    });
    const two = await jo('dag', 'diff', 'compared', '--dag-version', '3', '--dag-version', '1');
    expect(two.stderr).toBe('from version 3 to version 1:\n');
    expect(two.stdout).toContain('node b was removed');
    await writeFile(file, 'name: compared\ndefaults: { image: bash }\nnodes: { a: { run: "false" } }');
    const against = await jo('dag', 'diff', '-f', file);
    expect(against.stderr).toBe(`from version 3 to ${file}:\n`);
    expect(against.stdout).toContain('nodes.a.job.image changed from sh to bash');
    const older = await jo('dag', 'diff', '-f', file, '--dag-version', '2');
    expect(older.stdout).toBe('nodes.a.job.image changed from sh to bash\n');
    for (const words of [[], ['compared', '-f', file], ['-f', file, '-f', file, '-f', file]])
      expect(await jo('dag', 'diff', ...words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('Give two files') as string,
      });
  });

  test('stay when it is deleted, which a schedule forbids', async () => {
    await apply('deleted', 'nodes: { a: { run: "true" } }');
    await jo('schedule', 'create', 'nightly', '--dag', 'deleted', '--cron', '@daily');
    const refused = await jo('dag', 'delete', 'deleted');
    expect([refused.code, refused.stdout]).toEqual([6, '']);
    expect(refused.stderr).toContain('deleted is run by schedule nightly.');
    expect(refused.stderr).toContain('schedule delete NAME');
    await jo('schedule', 'delete', 'nightly');
    expect(await jo('dag', 'delete', 'deleted')).toMatchObject({
      code: 0,
      stdout: 'dag/deleted deleted; its versions and runs stay\n',
    });
    expect((await jo('dag', 'show', 'deleted')).code).toBe(5);
    const shown = await jo('dag', 'show', 'deleted', '--dag-version', '1');
    expect(shown.stderr).toContain('the DAG was deleted at ');
    expect((await jo('dag', 'run', 'deleted', '--dag-version', '1')).stderr).toContain('apply it again');
    expect((await jo('__complete', '--', 'dag', 'versions', 'del')).stdout).toBe('');
    expect((await jo('__complete', '--', 'dag', 'versions', 'comp')).stdout).toBe('compared\n');
  });
});

describe('runs', () => {
  test('are listed by their states, and an empty list says what it was narrowed to', async () => {
    await apply('states', 'nodes: { a: { run: exit 3 } }');
    const id = await ended(jo('dag', 'run', 'states'));
    const words = ['get', 'runs', '--dag', 'states', '--state'];
    expect((await jo(...words, 'failed,running', '-o', 'name')).stdout).toBe(`run/${id}\n`);
    expect((await jo(...words, 'completed')).stderr).toContain(
      'nothing fits the filter: --dag states --state',
    );
    const wrong = await jo(...words, 'faild');
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean failed?')]);
  });

  test('are retried and run again under the eyes of whoever asks: the exit code says how they ended', async () => {
    await apply('watched', 'nodes: { a: { run: "true" }, b: { run: exit 3, needs: [a] } }');
    const id = await ended(jo('dag', 'run', 'watched'));
    const retried = await jo('dag', 'retry', id, '--watch');
    expect([retried.code, retried.stdout]).toEqual([3, expect.stringContaining('run failed')]);
    const again = await jo('dag', 'rerun', id, '--from', 'a', '-w', '-o', 'json');
    expect(again.code).toBe(3);
    expect(JSON.parse(again.stdout)).toMatchObject({ retryOf: id, state: 'failed' });
  });
});
