import { newDagRunId, type Database, type NewSchedule } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { sampleContext } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

const graphOf = (name: string, below?: string) =>
  ({
    format: 1,
    name,
    project: 'default',
    deadlineSeconds: 60,
    nodes: below === undefined ? [] : [{ name: 'n', kind: 'dag', dag: { name: below, version: null } }],
  }) as never;

const apply = ({ dags }: Database, name: string, digest: string, below?: string) =>
  dags.apply(
    { project: 'default', name, digest, document: { name }, graph: graphOf(name, below) },
    sampleContext,
  );

const remove = ({ dags }: Database, name: string) => dags.remove('default', name, sampleContext);

const startRun = async ({ dags }: Database, dag: string, version: number) => {
  const id = newDagRunId();
  const of = { project: 'default', dag, version, graph: graphOf(dag), inputs: {}, images: {}, pins: {} };
  const begun = { progress: { nodeRuns: 0 } as never, parents: null, kept: null };
  await dags.startRun({ id, ...of, ...begun }, sampleContext);
  return id;
};

const schedule = (name: string, dag: string): NewSchedule => ({
  project: 'default',
  name,
  dag,
  cron: '@daily',
  timeZone: 'UTC',
  overlap: 'skip',
  catchUp: 'latest',
  inputs: {},
  paused: false,
});

onBothDatabases((db) => {
  test('versions are listed newest first with their runs, page by page', async () => {
    for (const digest of ['a', 'b', 'c']) await apply(db(), 'listed', digest);
    await startRun(db(), 'listed', 2);
    await startRun(db(), 'listed', 2);
    const first = await db().dags.listVersions('default', 'listed', { after: null, limit: 2 });
    expect(first.items).toMatchObject([
      { version: 3, digest: 'c', runs: 0, nodes: 0, createdBy: sampleContext.actor },
      { version: 2, digest: 'b', runs: 2, reason: sampleContext.reason },
    ]);
    const rest = await db().dags.listVersions('default', 'listed', { after: first.next, limit: 2 });
    expect([rest.items.map(({ version }) => version), rest.next]).toEqual([[1], null]);
  });

  test('a deleted DAG is in no list and has no newest version; its versions and runs stay', async () => {
    await apply(db(), 'deleted', 'a');
    const run = await startRun(db(), 'deleted', 1);
    expect(await remove(db(), 'deleted')).toEqual({ kind: 'removed' });
    expect(await remove(db(), 'deleted')).toEqual({ kind: 'absent' });
    const { dags } = db();
    expect(await dags.getVersion('default', 'deleted', null)).toBeNull();
    const { items } = await dags.list(null, { after: null, limit: 100 });
    expect(items.map(({ name }) => name)).not.toContain('deleted');
    expect(await dags.getVersion('default', 'deleted', 1)).toMatchObject({ deletedAt: expect.any(Date) });
    expect((await dags.listVersions('default', 'deleted', { after: null, limit: 9 })).items).toHaveLength(1);
    expect(await dags.getRun(run)).toMatchObject({ dag: 'deleted', version: 1 });
  });

  test('applied again, even as it was, a deleted DAG goes on with its next version', async () => {
    await apply(db(), 'again', 'a');
    await remove(db(), 'again');
    expect(await apply(db(), 'again', 'a')).toEqual({ version: 2, created: true });
    expect(await apply(db(), 'again', 'a')).toEqual({ version: 2, created: false });
    expect(await db().dags.getVersion('default', 'again', null)).toMatchObject({
      version: 2,
      deletedAt: null,
    });
  });

  test('what a schedule or the newest version of another DAG runs stays', async () => {
    await apply(db(), 'used', 'a');
    await apply(db(), 'above', 'a', 'used');
    const put = db().schedules.put(schedule('used-daily', 'used'), false, () => new Date(), sampleContext);
    expect(await put).toEqual({ created: true });
    const refused = { kind: 'in_use', schedules: ['used-daily'], dags: ['above'] };
    expect(await remove(db(), 'used')).toEqual(refused);
    await db().schedules.remove('default', 'used-daily', sampleContext);
    await apply(db(), 'above', 'b');
    expect(await remove(db(), 'used')).toEqual({ kind: 'removed' });
  });

  test('of a schedule and a delete at the same time one wins', async () => {
    for (let round = 0; round < 10; round += 1) {
      const name = `raced-${round}`;
      await apply(db(), name, 'a');
      const put = db().schedules.put(schedule(name, name), false, () => new Date(), sampleContext);
      const [put1, removed] = await Promise.allSettled([put, remove(db(), name)]);
      const outcome = [put1.status, removed.status === 'fulfilled' ? removed.value.kind : removed.reason];
      expect([
        ['fulfilled', 'in_use'],
        ['rejected', 'removed'],
      ]).toContainEqual(outcome);
    }
  });
});
