import type { DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import {
  AppliedDagSchema,
  DagPageSchema,
  DagVersionSchema,
  DagRunPageSchema,
  DagRunSchema,
  NodeRunPageSchema,
  RunChangeSchema,
  StartedRunSchema,
  type JsonObject,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { endNode, startOrchestrator, startRunOf } from '../testing/dag-fixture.ts';
import { failure } from '../testing/failure.ts';
import { post, send } from '../testing/raw-request.ts';
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
const nobody = '01a20906-0000-7000-8000-000000000000';
const ended = (run: string) => read(api.client.followDagRun(run)).all;

describe('definitions', () => {
  it('become versions, one for each content', async () => {
    const first = await api.client.applyDag(dag('versions'));
    expectShape(AppliedDagSchema, first);
    expect(first).toEqual({ project: 'default', name: 'versions', version: 1, created: true });
    expect(await api.client.applyDag(dag('versions'))).toMatchObject({ version: 1, created: false });
    const changed = dag('versions', { nodes: { a: {}, b: { needs: ['a'] } } });
    expect(await api.client.applyDag(changed)).toMatchObject({ version: 2, created: true });
    const page = await api.client.listDags({ limit: 500 });
    expectShape(DagPageSchema, page);
    expect(page.items).toContainEqual(
      expect.objectContaining({ name: 'versions', version: 2, nodes: 2, project: 'default' }),
    );
  });

  it('are read as they were applied, version by version', async () => {
    const [one, two] = [dag('read'), dag('read', { description: 'newer' })];
    await api.client.applyDag(one);
    await api.client.applyDag(two);
    const newest = await api.client.getDag('read');
    expectShape(DagVersionSchema, newest);
    expect(newest).toMatchObject({
      version: 2,
      document: two,
      graph: { name: 'read', nodes: [{ name: 'a' }] },
    });
    expect(await api.client.getDag('read', { version: 1 })).toMatchObject({ version: 1, document: one });
    for (const call of [{ version: 3 }, { project: 'other' }])
      expect(await failure(api.client.getDag('read', call))).toMatchObject({
        code: 'dag_not_found',
        status: 404,
      });
  });

  it('are listed page by page', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await api.client.applyDag(dag(name));
    const names: string[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await api.client.listDags({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      names.push(...page.items.map(({ name }) => name));
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['page-a', 'page-b', 'page-c']));
  });

  it.each([
    [
      'a cycle',
      dag('x', { nodes: { a: { needs: ['b'] }, b: { needs: ['a'] } } }),
      'nodes.a.needs[0]',
      /a → b → a/,
    ],
    [
      'a need that is no node',
      dag('x', { nodes: { a: { needs: ['bb'] } } }),
      'nodes.a.needs[0]',
      /not a node/,
    ],
    ['an unknown field', dag('x', { nods: {} }), 'nods', /nodes/],
    ['a name with a slash', dag('a/b'), 'name', /a\/b|letters/],
    ['no nodes', dag('x', { nodes: {} }), 'nodes', /./],
    [
      'an expression of an unknown input',
      dag('x', { nodes: { a: { args: ['${{ inputs.n }}'] } } }),
      'nodes.a.args[0]',
      /n/,
    ],
  ])('with %s are refused with the field', async (_what, document, field, words) => {
    const error = await failure(api.client.applyDag(document));
    expect(error).toMatchObject({ code: 'invalid_input', status: 422 });
    const problem = error.problems.find((one) => one.field === field);
    expect(`${problem?.message} ${String(problem?.value)}`).toMatch(words);
  });

  it('that are no object are refused', async () => {
    for (const body of ['[]', '"dag"', 'null']) {
      const answer = await send(api.url, { method: 'POST', path: '/api/v1/dags', body });
      expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_input']);
    }
  });
});

describe('a run', () => {
  it('starts, is read, and ends', async () => {
    const inputs = { day: { type: 'string' }, n: { type: 'integer', default: 2 } };
    await api.client.applyDag(dag('life', { inputs, outputs: { day: '${{ inputs.day }}' } }));
    const started = await api.client.startDagRun('life', { inputs: { day: 'monday' } });
    expectShape(StartedRunSchema, started);
    expect(started).toMatchObject({ version: 1, replayed: false });
    await endNode(api, started.id, 'a');
    await ended(started.id);
    const run = await api.client.getDagRun(started.id);
    expectShape(DagRunSchema, run);
    expect(run).toMatchObject({
      dag: 'life',
      state: 'completed',
      inputs: { day: 'monday', n: 2 },
      outputs: { day: 'monday' },
      open: 0,
    });
    for (const selector of [started.id.slice(-8), started.id.slice(0, 23), '@latest'])
      expect((await api.client.getDagRun(selector)).id).toBe(started.id);
    const nodes = await api.client.listNodeRuns(started.id);
    expectShape(NodeRunPageSchema, nodes);
    expect(nodes.items).toMatchObject([{ name: 'a', state: 'completed', attempt: 1, jobState: 'completed' }]);
    const page = await api.client.listDagRuns({ dag: 'life', states: ['completed'] });
    expectShape(DagRunPageSchema, page);
    expect(page.items).toEqual([run]);
    expect((await api.client.listDagRuns({ dag: 'life', states: ['failed', 'running'] })).items).toEqual([]);
  });

  it.each([
    ['a missing input', {}, 'inputs.day', /required|missing/],
    ['an input of the wrong type', { day: 3 }, 'inputs.day', /string|text/],
    ['an unknown input', { day: 'x', dya: 'y' }, 'inputs.dya', /day/],
  ])('with %s does not start', async (_what, inputs, field, words) => {
    await api.client.applyDag(dag('inputs', { inputs: { day: { type: 'string' } } }));
    const error = await failure(api.client.startDagRun('inputs', { inputs }));
    expect(error).toMatchObject({ code: 'invalid_input', status: 422 });
    expect(error.problems.find((one) => one.field === field)?.message).toMatch(words);
    expect((await api.client.listDagRuns({ dag: 'inputs' })).items).toEqual([]);
  });

  it('of a DAG or a version that is not there does not start', async () => {
    expect(await failure(api.client.startDagRun('nobody'))).toMatchObject({
      code: 'dag_not_found',
      status: 404,
    });
    await api.client.applyDag(dag('one-version'));
    expect(await failure(api.client.startDagRun('one-version', { version: 7 }))).toMatchObject({
      code: 'dag_not_found',
      message: expect.stringContaining('7') as string,
    });
  });

  it('starts once under one key, and another request under it is refused', async () => {
    await api.client.applyDag(dag('keyed', { inputs: { n: { type: 'integer', default: 1 } } }));
    const request = { inputs: { n: 2 }, idempotencyKey: 'the-run' };
    const first = await api.client.startDagRun('keyed', request);
    expect(await api.client.startDagRun('keyed', request)).toMatchObject({ id: first.id, replayed: true });
    const other = api.client.startDagRun('keyed', { ...request, inputs: { n: 3 } });
    expect(await failure(other)).toMatchObject({ code: 'idempotency_key_reused', status: 422 });
    await api.client.cancelDagRun(first.id);
  });

  it('is not found, or more than one is', async () => {
    for (const selector of [nobody, 'ffffffff', 'not-an-id', 'abc'])
      expect(await failure(api.client.getDagRun(selector))).toMatchObject({
        code: 'dag_run_not_found',
        status: 404,
      });
    await api.client.applyDag(dag('twins'));
    const { id } = await api.client.startDagRun('twins');
    await api.client.startDagRun('twins');
    expect(await failure(api.client.getDagRun(id.slice(0, 4)))).toMatchObject({
      code: 'dag_run_ambiguous',
      status: 409,
    });
  });

  it('is not found by any of its verbs, either', async () => {
    const { client } = api;
    const verbs = ['listNodeRuns', 'cancelDagRun', 'pauseDagRun', 'resumeDagRun', 'rerunDagRun'] as const;
    for (const verb of verbs) expect((await failure(client[verb](nobody))).code).toBe('dag_run_not_found');
  });
});

describe('changing a run', () => {
  it('cancels it once, and is too late for an ended one', async () => {
    const run = await startRunOf(api, 'cancelled', { a: {}, b: { needs: ['a'] } });
    const change = await api.client.cancelDagRun(run, { reason: 'a test' });
    expectShape(RunChangeSchema, change);
    expect(change.answer).toBe('accepted');
    expect((await ended(run)).at(-1)).toEqual({ kind: 'end', state: 'cancelled' });
    expect(await api.client.cancelDagRun(run)).toEqual({ answer: 'too_late', state: 'cancelled' });
  });

  it('pauses and resumes it, and refuses both once it has ended', async () => {
    const run = await startRunOf(api, 'paused', { a: {}, b: { needs: ['a'] } });
    expect((await api.client.pauseDagRun(run)).answer).toBe('accepted');
    expect((await api.client.getDagRun(run)).pausedAt).not.toBeNull();
    await api.client.resumeDagRun(run);
    expect((await api.client.getDagRun(run)).pausedAt).toBeNull();
    await endNode(api, run, 'a');
    await endNode(api, run, 'b');
    await ended(run);
    for (const verb of ['pauseDagRun', 'resumeDagRun'] as const)
      expect(await failure(api.client[verb](run))).toMatchObject({ code: 'dag_run_ended', status: 409 });
  });

  it('runs parts of an ended one again, and refuses an open one, an unknown node and a wrong body', async () => {
    const run = await startRunOf(api, 'again', { a: {}, b: { needs: ['a'] } });
    expect(await failure(api.client.rerunDagRun(run))).toMatchObject({
      code: 'dag_run_not_ended',
      status: 409,
    });
    await endNode(api, run, 'a');
    await endNode(api, run, 'b', 3);
    await ended(run);
    expect(await failure(api.client.rerunDagRun(run, { from: 'c' }))).toMatchObject({
      code: 'invalid_input',
      problems: [{ field: 'from' }],
    });
    const wrong = await post(api.url, `/api/v1/dag-runs/${run}/rerun`, { form: 'a' });
    expect([wrong.status, wrong.json['code']]).toEqual([422, 'invalid_input']);
    const again = { idempotencyKey: 'again' };
    const { id } = await api.client.rerunDagRun(run, again);
    expect(await api.client.rerunDagRun(run, again)).toMatchObject({ id, replayed: true });
    await endNode(api, id, 'b');
    await ended(id);
    expect(await api.client.getDagRun(id)).toMatchObject({ state: 'completed', retryOf: run });
    const { items } = await api.client.listNodeRuns(id);
    expect(items).toMatchObject([
      { name: 'a', keptFrom: run, attempt: 1 },
      { name: 'b', keptFrom: null },
    ]);
  });
});

describe('queries', () => {
  it.each([
    ['/api/v1/dags?cursor=nonsense', 'bad_cursor'],
    ['/api/v1/dags?limit=0', 'invalid_input'],
    ['/api/v1/dags?name=x', 'invalid_input'],
    ['/api/v1/dag-runs?state=asleep', 'invalid_input'],
    ['/api/v1/dag-runs?dag=A%20B', 'invalid_input'],
    ['/api/v1/dag-runs?limit=501', 'invalid_input'],
    ['/api/v1/dag-runs?cursor=nonsense', 'bad_cursor'],
  ])('%s is refused as %s', async (path, code) => {
    const answer = await send(api.url, { path });
    expect([answer.status, answer.json['code']]).toEqual([code === 'bad_cursor' ? 400 : 422, code]);
  });

  it('of nodes take only cursors of the same run', async () => {
    const run = await startRunOf(api, 'cursors', { a: {}, b: {}, c: {} });
    const { next } = await api.client.listNodeRuns(run, { limit: 2 });
    const rest = await api.client.listNodeRuns(run, { limit: 2, cursor: next! });
    expect(rest.items.map(({ name }) => name)).toEqual(['c']);
    const other = await startRunOf(api, 'cursors-too', { a: {} });
    expect((await failure(api.client.listNodeRuns(other, { cursor: next! }))).code).toBe('bad_cursor');
  });

  it('without a token are refused', async () => {
    for (const path of ['/api/v1/dags', '/api/v1/dag-runs', `/api/v1/dag-runs/${nobody}/nodes`])
      expect((await send(api.url, { path, headers: { authorization: undefined } })).status).toBe(401);
  });
});
