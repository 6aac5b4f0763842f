import { readFileSync } from 'node:fs';
import { loadDag } from '@job-orchestrator/dag-orchestrator';
import { expect, test } from 'vitest';
import { until, useDev } from './testing/cli.ts';
import { loadDay, publishWeek } from './testing/publish-week.ts';

const dev = useDev();
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the example of docs/dags.md is the one that is tested here', () => {
  const example = read('../src/testing/publish-week.ts');
  expect(read('../../../docs/dags.md')).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  for (const document of [loadDay, publishWeek]) expect(loadDag(document).document).toBe(document);
});

test('the example runs: a fan-out over a sub-DAG, a skipped node, an answer, and what it gives', async () => {
  const { client } = dev;
  await client.applyDag(loadDay);
  await client.applyDag(publishWeek);
  const { id } = await client.startDagRun('publish-week', { inputs: { days: ['2026-01-05', '2026-01-06'] } });
  await until('the question', async () => (await client.listApprovals()).items.length === 1);
  expect((await client.listApprovals()).items[0]).toMatchObject({
    node: 'agree',
    message: 'Publish 11 rows of ["2026-01-05","2026-01-06"]?',
  });
  await client.approveNode(id, 'agree', { by: 'ann' });
  await until('the end', async () => (await client.getDagRun(id)).finishedAt !== null);
  expect(await client.getDagRun(id)).toMatchObject({ state: 'completed', outputs: { rows: 11, by: 'ann' } });
  const { items } = await client.listNodeRuns(id);
  const states = Object.fromEntries(
    items.filter(({ item }) => item === null).map(({ name, state }) => [name, state]),
  );
  expect(states).toEqual({
    load: 'completed',
    sum: 'completed',
    warn: 'skipped',
    agree: 'completed',
    publish: 'completed',
    tell: 'skipped',
  });
});
