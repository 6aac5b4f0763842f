import { RepairedRunSchema, RepairPlanSchema, RunPlanSchema } from '@job-orchestrator/types';
import type { DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { endNode, nodesOf, startOrchestrator, startRunOf } from '../testing/dag-fixture.ts';
import { failure } from '../testing/failure.ts';
import { post } from '../testing/raw-request.ts';
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

const inputs = { n: { type: 'integer', default: 1 }, list: { type: 'array', default: ['x', 'y'] } };

describe('the plan of a run', () => {
  beforeAll(async () => {
    const nodes = {
      small: { when: 'inputs.n < 5' },
      each: { needs: ['small'], triggerRule: 'all_done', forEach: 'inputs.list' },
    };
    await api.client.applyDag({ name: 'planned', defaults: { image: 'shell' }, inputs, nodes });
  });

  it('says what would run with these inputs, and writes nothing', async () => {
    const plan = await api.client.planDagRun('planned', { inputs: { n: 9 } });
    expectShape(RunPlanSchema, plan);
    expect(plan).toMatchObject({
      project: 'default',
      dag: 'planned',
      version: 1,
      inputs: { n: 9, list: ['x', 'y'] },
      refusals: [],
      images: [{ name: 'shell', registered: false, reference: 'shell' }],
      nodes: [
        { name: 'small', level: 0, will: 'skip', reason: 'condition' },
        { name: 'each', level: 1, will: 'run', items: 2, needs: ['small'] },
      ],
    });
    expect((await api.client.listDagRuns({ dag: 'planned' })).items).toEqual([]);
    expect((await api.client.planDagRun('planned')).nodes[0]).toMatchObject({ will: 'run' });
  });

  it('tells inputs that a start would refuse, and answers all the same', async () => {
    const { refusals, inputs: given } = await api.client.planDagRun('planned', { inputs: { n: 'x', m: 1 } });
    expect(given).toBeNull();
    expect(refusals).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'invalid_input', field: 'inputs.n' }),
        expect.objectContaining({ code: 'invalid_input', field: 'inputs.m' }),
      ]),
    );
  });

  it('is refused for a DAG or a version that there is not, and for a wrong body', async () => {
    expect(await failure(api.client.planDagRun('nobody'))).toMatchObject({
      code: 'dag_not_found',
      status: 404,
    });
    const later = api.client.planDagRun('planned', { version: 7 });
    expect(await failure(later)).toMatchObject({ code: 'dag_not_found' });
    const wrong = await post(api.url, '/api/v1/dags/planned/plan', { input: {} });
    expect([wrong.status, wrong.json['code']]).toEqual([422, 'invalid_input']);
  });
});

describe('a run that repairs another', () => {
  it('answers how many nodes run again and why, and its nodes say it too', async () => {
    const nodes = { a: {}, b: { env: { N: '${{ inputs.n }}' } }, c: { needs: ['b'] } };
    const run = await startRunOf(api, 'repaired', nodes, { inputs });
    for (const node of ['a', 'b', 'c']) await endNode(api, run, node);
    await read(api.client.followDagRun(run)).all;
    const plan = await api.client.planDagRerun(run, { inputs: { n: 2 } });
    expectShape(RepairPlanSchema, plan);
    expect(plan).toMatchObject({
      run,
      inputs: { n: 2, list: ['x', 'y'] },
      kept: 1,
      again: 2,
      nodes: [{ again: null }, { again: 'reads input n, which changed' }, { before: { state: 'completed' } }],
    });
    expect((await api.client.listDagRuns({ dag: 'repaired' })).items).toHaveLength(1);
    const again = await api.client.rerunDagRun(run, { inputs: { n: 2 } });
    expectShape(RepairedRunSchema, again);
    const because = [{ node: 'b', why: 'reads input n, which changed' }];
    expect(again).toMatchObject({ kept: 1, again: 2, because });
    for (const node of ['b', 'c']) await endNode(api, again.id, node);
    await read(api.client.followDagRun(again.id)).all;
    const told = await nodesOf(api, again.id);
    expect(told.get('a')).toMatchObject({ keptFrom: run, again: null });
    expect(told.get('c')).toMatchObject({ keptFrom: null, again: 'needs b, which runs again' });
  });

  it('is planned under the same refusals as it is made', async () => {
    const run = await startRunOf(api, 'unrepaired', { a: {} }, { inputs });
    expect(await failure(api.client.planDagRerun(run))).toMatchObject({ code: 'dag_run_not_ended' });
    await endNode(api, run, 'a');
    await read(api.client.followDagRun(run)).all;
    expect(await failure(api.client.planDagRerun(run))).toMatchObject({ code: 'dag_run_not_failed' });
    for (const wrong of [{ from: 'b' }, { inputs: { n: 'x' } }])
      expect(await failure(api.client.planDagRerun(run, wrong))).toMatchObject({ code: 'invalid_input' });
    const { status } = await post(api.url, `/api/v1/dag-runs/${run}/plan`, { noCache: true });
    expect(status).toBe(422);
  });

  it('tells how long the program of a node ran, without its time in the queue', async () => {
    const run = await startRunOf(api, 'ran', { a: {} });
    await endNode(api, run, 'a');
    await read(api.client.followDagRun(run)).all;
    const { startedAt, finishedAt, attemptStartedAt, attemptFinishedAt } = (await nodesOf(api, run)).get(
      'a',
    )!;
    const at = [startedAt, attemptStartedAt, attemptFinishedAt, finishedAt].map((time) => Date.parse(time!));
    expect(at).toEqual(at.toSorted((x, y) => x - y));
  });
});
