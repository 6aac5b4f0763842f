import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { until, useDev } from './testing/cli.ts';

const dev = useDev(({ client }) => client.putImage({ name: 'hello', reference: 'hello' }));
const { jo } = dev;

const apply = async (text: string): Promise<void> => {
  const file = dev.path('dag.yaml');
  await writeFile(file, text);
  const { code, stderr } = await jo('dag', 'apply', '-f', file);
  expect({ code, stderr }).toMatchObject({ code: 0 });
};

const loadDay = `
name: load-day
inputs: { day: { type: string } }
defaults: { image: hello }
nodes:
  read:
    run: 'printf "{\\"rows\\":%s}" "$ROWS" > "$JOB_ORCHESTRATOR_OUTPUT"'
    env: { ROWS: '\${{ size(inputs.day) }}' }
    outputs: { rows: { type: integer } }
  agree: { needs: [read], approval: { message: 'Load \${{ nodes.read.outputs.rows }} rows?' } }
outputs: { rows: '\${{ nodes.read.outputs.rows }}', by: '\${{ nodes.agree.outputs.by }}' }
`;
const days = `
name: days
defaults: { image: hello }
nodes:
  day: { dag: { name: load-day }, forEach: [mon], inputs: { day: '\${{ item }}' }, outputs: { rows: {}, by: {} } }
outputs: { loaded: '\${{ nodes.day.outputs }}' }
`;

// Some 20 starts of the program.
test('a run of sub-DAGs is told as a tree, asks a person, and goes on with the answer', async () => {
  await apply(loadDay);
  await apply(days);
  const id = (await jo('dag', 'run', 'days', '-o', 'name')).stdout.trim().slice('run/'.length);
  await until('a question', async () => (await dev.client.listApprovals()).items.length === 1);
  const [{ run: child } = { run: '' }] = (await dev.client.listApprovals()).items;
  const completed = async (...words: string[]) => (await jo('__complete', '--', 'dag', ...words)).stdout;
  expect(await completed('approve', child, '')).toBe('agree\n');
  expect(await completed('rerun', child, '--from', 'r')).toBe('read\n');
  expect((await jo('dag', 'list', '-o', 'name')).stdout).toBe((await jo('get', 'dags', '-o', 'name')).stdout);
  const listed = await jo('get', 'approvals');
  expect(listed.stdout).toMatch(/^RUN +NODE +DAG +ASKED +LEFT +ASKS\n/);
  expect(listed.stdout).toContain('Load 3 rows?');
  expect((await jo('get', 'approvals', '-o', 'name')).stdout).toBe(`approval/${child}/agree\n`);
  const told = await jo('describe', 'run', id);
  expect(told.stdout).toMatch(/day\[0\] +.*run \w{8}\n.* {5}read .*job \w{8}\n.*agree .*asks: Load 3 rows\?/);
  expect(told.stdout).toContain(`job-orchestrator dag approve ${child.slice(-8)} agree (or dag reject)`);
  expect((await jo('get', 'runs', '-o', 'name')).stdout).toBe(`run/${id}\n`);
  expect((await jo('get', 'runs', '--parent', id, '-o', 'name')).stdout).toBe(`run/${child}\n`);
  const watching = jo('dag', 'watch', id);
  const approve = ['dag', 'approve', child, 'agree', '--by', 'ann', '--note', 'three is right'];
  expect(await jo(...approve)).toMatchObject({
    code: 0,
    stdout: `${child.slice(-8)} agree approved by ann\n`,
  });
  expect(await watching).toMatchObject({ code: 0 });
  const again = await jo(...approve);
  expect(again.code).toBe(0);
  expect(again.stderr).toContain('it was answered so before');
  const other = await jo('dag', 'reject', child, 'agree');
  expect(other.code).toBe(6);
  expect(other.stderr).toContain('was approved by ann');
  expect((await dev.client.getDagRun(id)).outputs).toEqual({ loaded: [{ rows: 3, by: 'ann' }] });
  const nodes = (await jo('get', 'nodes', id)).stdout;
  expect(nodes).toMatch(new RegExp(`day\\[0\\] +completed +run ${child.slice(-8)} .*{"rows":3,"by":"ann"}`));
  expect((await jo('describe', 'run', child)).stdout).toContain(
    `runs for node day[0] of run ${id.slice(-8)}`,
  );
  expect((await jo('get', 'approvals')).stderr).toContain('nothing waits for an answer');
}, 180_000);
