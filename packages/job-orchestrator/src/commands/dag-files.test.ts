import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../testing/cli.ts';

const example = new URL('../../../../examples/dag/nightly-sales.yaml', import.meta.url).pathname;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jo-dag-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('the example is valid, and its graph can be read', async () => {
  const summary = await run(folder, ['dag', 'validate', '-f', example]);
  expect(summary).toMatchObject({ code: 0, stderr: '' });
  expect(summary.stdout).toContain('nightly-sales: valid, nodes 6, needs 4');
  const { stdout } = await run(folder, ['dag', 'validate', '-f', example, '-o', 'json']);
  const graph = JSON.parse(stdout) as { nodes: { name: string }[] };
  expect(graph.nodes.map(({ name }) => name)).toEqual([
    'extract',
    'load',
    'check',
    'agree',
    'publish',
    'clean-up',
  ]);
});

test('a wrong file ends with 2, nothing on stdout, and a caret under the spot on stderr', async () => {
  const text = (await readFile(example, 'utf8')).replace('needs: [extract]', 'needs: [extrct]');
  const { code, stdout, stderr } = await run(folder, ['dag', 'validate', '-f', '-'], text);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('(stdin):35:13 nodes.load.needs[0]: is not a node; did you mean extract?');
  expect(stderr).toContain(`    35 |     needs: [extrct]\n       |             ^^^^^^`);
});

test.each([
  ['svg', /^<svg [^]*nightly-sales[^]*extract[^]*<\/svg>\n$/],
  ['mermaid', /^---\ntitle: "nightly-sales"\n---\nflowchart LR\n[^]*n0 --> n1/],
  ['dot', /^digraph "nightly-sales" \{[^]*n0 -> n1;[^]*\}\n$/],
])('is drawn as %s', async (format, picture) => {
  const { code, stdout } = await run(folder, ['dag', 'render', '-f', example, '--format', format]);
  expect(code).toBe(0);
  expect(stdout).toMatch(picture);
});

test('diff says what changed; comments and layout are no change', async () => {
  const text = await readFile(example, 'utf8');
  const changed = join(folder, 'changed.yaml');
  await writeFile(
    changed,
    text.replace('maxRetries: 2', 'maxRetries: 3').replace('image: busybox', 'image: alpine'),
  );
  const { code, stdout } = await run(folder, ['dag', 'diff', '-f', example, '-f', changed]);
  expect(code).toBe(0);
  expect(stdout).toContain('nodes.extract.job.retry.maxRetries changed from 2 to 3');
  expect(stdout).toContain('nodes.publish.job.image changed from busybox to alpine');
  await writeFile(changed, `# another comment\n${text}`);
  expect(await run(folder, ['dag', 'diff', '-f', example, '-f', changed])).toMatchObject({
    code: 0,
    stdout: '',
    stderr: 'nothing changed\n',
  });
  expect((await run(folder, ['dag', 'diff'])).code).toBe(2);
});
