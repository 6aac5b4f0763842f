import { createDagOrchestrator, type DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import { silentLog } from '@job-orchestrator/postgres/testing';
import {
  ApprovalPageSchema,
  DagRunPageSchema,
  GivenAnswerSchema,
  newDagRunId,
  newJobId,
  NodeRunPageSchema,
  type JsonObject,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { post } from '../testing/raw-request.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
let orchestrator: DagOrchestrator;
beforeAll(async () => {
  api = await startApi();
  const clock = {
    now: () => new Date(),
    monotonicMs: () => performance.now(),
    setTimer: (ms: number, callback: () => void) => {
      const timer = setTimeout(callback, ms);
      return () => clearTimeout(timer);
    },
  };
  const { database } = api;
  orchestrator = createDagOrchestrator({
    database,
    clock,
    log: silentLog,
    newJobId,
    newDagRunId,
    pollIntervalMs: 500,
  });
  orchestrator.start();
});
afterAll(async () => {
  await orchestrator.stop();
  await api.close();
});

const asking = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  nodes: { agree: { approval: { message: 'Publish?' } }, ...more },
});

/** Starts a run, and waits until its first node asks. */
const asked = async (document: JsonObject): Promise<string> => {
  const { name } = await api.client.applyDag(document);
  const { id } = await api.client.startDagRun(name);
  const state = async () => (await api.client.listNodeRuns(id)).items[0]?.state;
  await expect.poll(state).toBe('running');
  return id;
};

it('lists what waits, takes an answer with who and why, and says so when it comes again', async () => {
  const run = await asked(asking('publish'));
  const waiting = await api.client.listApprovals({ dag: 'publish' });
  expectShape(ApprovalPageSchema, waiting);
  expect(waiting.items).toMatchObject([{ run, node: 'agree', message: 'Publish?', state: 'waiting' }]);
  expect((await api.client.listApprovals({ dag: 'other' })).items).toEqual([]);
  const given = await api.client.approveNode(run.slice(-8), 'agree', { by: 'ann', note: 'checked' });
  expectShape(GivenAnswerSchema, given);
  expect(given).toMatchObject({
    first: true,
    approval: { state: 'approved', answeredBy: 'ann', note: 'checked' },
  });
  const again = await api.client.approveNode(run, 'agree', { by: 'bob' });
  expect(again).toEqual({ ...given, first: false });
  expect(await failure(api.client.rejectNode(run, 'agree', { by: 'bob' }))).toMatchObject({
    code: 'approval_answered',
    status: 409,
  });
  await expect.poll(async () => (await api.client.getDagRun(run)).state).toBe('completed');
  const nodes = await api.client.listNodeRuns(run);
  expectShape(NodeRunPageSchema, nodes);
  expect(nodes.items[0]).toMatchObject({ state: 'completed', approval: { answeredBy: 'ann' } });
  expect((await api.client.listApprovals({ dag: 'publish' })).items).toEqual([]);
});

it('refuses answers to what does not ask, and bodies that do not say who', async () => {
  const later = { later: { needs: ['agree'], approval: { message: 'And now?' } } };
  const run = await asked(asking('twice', later));
  const code = async (node: string) => (await failure(api.client.approveNode(run, node, { by: 'ann' }))).code;
  expect(await code('later')).toBe('approval_not_open');
  expect(await code('nobody')).toBe('approval_not_found');
  expect((await failure(api.client.approveNode('ffffffff', 'agree', { by: 'ann' }))).code).toBe(
    'dag_run_not_found',
  );
  const path = `/api/v1/dag-runs/${run}/nodes/agree/approve`;
  for (const body of [{}, { by: '' }, { by: 'ann', note: '' }, { by: 'ann', answer: 'yes' }])
    expect((await post(api.url, path, body)).status).toBe(422);
  await api.client.cancelDagRun(run);
  await expect.poll(async () => (await api.client.getDagRun(run)).state).toBe('cancelled');
  expect(await code('agree')).toBe('approval_not_open');
});

it('comes in pages, newest runs first', async () => {
  const runs = [await asked(asking('pages')), await asked(asking('pages')), await asked(asking('pages'))];
  const first = await api.client.listApprovals({ dag: 'pages', limit: 2 });
  const rest = await api.client.listApprovals({ dag: 'pages', limit: 2, cursor: first.next! });
  expect([...first.items, ...rest.items].map(({ run }) => run)).toEqual(runs.toReversed());
  expect(rest.next).toBeNull();
});

it('lists runs of sub-DAGs only where asked, and tells whose they are', async () => {
  await api.client.applyDag(asking('inner'));
  await api.client.applyDag({ name: 'outer', nodes: { sub: { dag: { name: 'inner' } } } });
  const { id } = await api.client.startDagRun('outer');
  const inner = async () => (await api.client.listDagRuns({ parent: id })).items;
  await expect.poll(async () => (await inner()).length).toBe(1);
  const children = await api.client.listDagRuns({ parent: id });
  expectShape(DagRunPageSchema, children);
  expect(children.items[0]).toMatchObject({ dag: 'inner', parent: { run: id, name: 'sub', item: null } });
  expect((await api.client.listDagRuns({ dag: 'inner' })).items).toEqual([]);
  const nested = await api.client.listDagRuns({ dag: 'inner', nested: true });
  expect(nested.items.map((run) => run.id)).toEqual([children.items[0]!.id]);
  expect((await api.client.listNodeRuns(id)).items[0]).toMatchObject({ childRun: children.items[0]!.id });
});

it('refuses a DAG that runs one that does not exist, or itself', async () => {
  const broken = { name: 'broken', nodes: { sub: { dag: { name: 'nobody' } } } };
  expect((await failure(api.client.applyDag(broken))).problems).toMatchObject([
    { field: 'nodes.sub.dag.name', value: 'nobody' },
  ]);
  const circle = { name: 'inner', nodes: { sub: { dag: { name: 'outer' } } } };
  expect((await failure(api.client.applyDag(circle))).problems).toEqual([
    {
      field: 'nodes.sub.dag.name',
      message: 'makes the DAG run itself: inner → outer → inner',
      value: 'outer',
    },
  ]);
});
