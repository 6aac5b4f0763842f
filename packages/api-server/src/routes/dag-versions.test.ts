import type { DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import { DagVersionPageSchema, DeletedDagSchema, type JsonObject } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { endNode, startOrchestrator } from '../testing/dag-fixture.ts';
import { failure } from '../testing/failure.ts';
import { send } from '../testing/raw-request.ts';
import { read } from '../testing/reading.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
let orchestrator: DagOrchestrator;
beforeAll(async () => {
  api = await startApi();
  orchestrator = startOrchestrator(api);
});
afterAll(async () => {
  await orchestrator.stop();
  await api.close();
});

const dag = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  defaults: { image: 'shell' },
  nodes: { a: {} },
  ...more,
});

describe('versions', () => {
  it('are listed with what they hold and their runs', async () => {
    await api.client.applyDag(dag('versions'));
    await api.client.applyDag(dag('versions', { nodes: { a: {}, b: { needs: ['a'] } } }));
    await api.client.startDagRun('versions', { version: 1 });
    const page = await api.client.listDagVersions('versions', { limit: 1 });
    expectShape(DagVersionPageSchema, page);
    const { digest } = await api.client.getDag('versions');
    expect(page.items).toMatchObject([{ version: 2, nodes: 2, runs: 0, digest }]);
    const rest = await api.client.listDagVersions('versions', { cursor: page.next! });
    expect(rest).toMatchObject({ items: [{ version: 1, nodes: 1, runs: 1 }], next: null });
  });

  it('of a DAG that never was are not found, and a cursor of another list is refused', async () => {
    expect(await failure(api.client.listDagVersions('nobody'))).toMatchObject({ code: 'dag_not_found' });
    const answer = await send(api.url, { path: '/api/v1/dags/versions/versions?cursor=nonsense' });
    expect([answer.status, answer.json['code']]).toEqual([400, 'bad_cursor']);
  });
});

describe('a deleted DAG', () => {
  it('starts no runs, while its versions and the runs that go on stay as they are', async () => {
    await api.client.applyDag(dag('gone'));
    const { id } = await api.client.startDagRun('gone');
    const deleted = await api.client.deleteDag('gone');
    expectShape(DeletedDagSchema, deleted);
    expect(deleted).toEqual({ project: 'default', name: 'gone', deleted: true });
    for (const version of [{}, { version: 1 }])
      for (const start of [api.client.startDagRun, api.client.planDagRun])
        expect(await failure(start('gone', version))).toMatchObject({ code: 'dag_not_found', status: 404 });
    expect((await failure(api.client.startDagRun('gone', { version: 1 }))).message).toContain('was deleted');
    expect(await failure(api.client.deleteDag('gone'))).toMatchObject({ code: 'dag_not_found' });
    expect(await api.client.getDag('gone', { version: 1 })).toMatchObject({ deletedAt: expect.any(String) });
    await endNode(api, id, 'a');
    const ends = await read(api.client.followDagRun(id)).all;
    expect(ends.at(-1)).toEqual({ kind: 'end', state: 'completed' });
    expect((await api.client.listDagRuns({ dag: 'gone' })).items).toHaveLength(1);
    expect(await api.client.applyDag(dag('gone'))).toMatchObject({ version: 2, created: true });
  });

  it('is no other answer to a start that is repeated with its key', async () => {
    await api.client.applyDag(dag('repeated'));
    const start = { idempotencyKey: 'once', inputs: {} };
    const { id } = await api.client.startDagRun('repeated', start);
    await api.client.deleteDag('repeated');
    expect(await api.client.startDagRun('repeated', start)).toEqual({ id, version: 1, replayed: true });
    const other = api.client.startDagRun('repeated', { ...start, version: 1 });
    expect(await failure(other)).toMatchObject({ code: 'idempotency_key_reused' });
    const late = api.client.startDagRun('repeated', { ...start, idempotencyKey: 'twice' });
    expect(await failure(late)).toMatchObject({ code: 'dag_not_found' });
  });

  it('is not made while a schedule or another DAG runs it; the refusal names them', async () => {
    await api.client.applyDag(dag('used'));
    await api.client.applyDag(dag('above', { nodes: { a: { dag: { name: 'used' } } } }));
    await api.client.createSchedule({ name: 'used-nightly', dag: 'used', cron: '@daily' });
    const error = await failure(api.client.deleteDag('used'));
    expect(error).toMatchObject({ code: 'dag_in_use', status: 409 });
    expect(error.message).toBe('used is run by schedule used-nightly and DAG above.');
    await api.client.deleteSchedule('used-nightly');
    await api.client.deleteDag('above');
    expect(await api.client.deleteDag('used')).toMatchObject({ deleted: true });
    const late = api.client.createSchedule({ name: 'late', dag: 'used', cron: '@daily' });
    expect(await failure(late)).toMatchObject({ code: 'dag_not_found' });
  });
});

describe('runs', () => {
  it('are listed by several states; a wrong one is refused with what was meant', async () => {
    await api.client.applyDag(dag('states'));
    const { id } = await api.client.startDagRun('states');
    await api.client.cancelDagRun(id);
    await read(api.client.followDagRun(id)).all;
    const second = await api.client.startDagRun('states');
    const idsIn = async (...states: ('cancelled' | 'pending' | 'running' | 'failed')[]) =>
      (await api.client.listDagRuns({ dag: 'states', states })).items.map((run) => run.id);
    expect(await idsIn('cancelled', 'pending', 'running')).toEqual([second.id, id]);
    expect(await idsIn('cancelled', 'failed')).toEqual([id]);
    expect(await idsIn('failed')).toEqual([]);
    const wrong = await send(api.url, { path: '/api/v1/dag-runs?state=failed,runing' });
    expect(wrong.status).toBe(422);
    expect(wrong.json['problems']).toMatchObject([
      {
        field: 'state',
        message: expect.stringContaining('did you mean running?') as string,
        value: 'runing',
      },
    ]);
  });
});
