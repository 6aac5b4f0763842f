import { answerApproval, cancelRun, rerun, setRunPaused } from '@job-orchestrator/operations';
import type { DagRunId } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { approvalNode, graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const ann = { actor: 'ann', reason: 'looks good' };
const bob = { actor: 'bob', reason: '' };

describe.each(bothDatabases)('on %s', (_name, open) => {
  let fresh: Orchestrated['fresh'];
  let harness: Orchestrated['harness'];
  let close: Orchestrated['close'];
  beforeAll(async () => {
    ({ fresh, harness, close } = await orchestrated(open));
  });
  afterAll(() => close());

  const agree = approvalNode('agree', [], { message: 'Publish ${{ inputs.rows }} rows?' });
  const inputs = { rows: { type: 'integer', default: 3 } } as const;
  const start = (name: string, changes: Partial<typeof agree> = {}): Promise<DagRunId> =>
    harness.start(
      graphOf(
        [
          { ...agree, ...changes },
          jobNode('publish', [0], { reads: [0], inputs: { said: '${{ nodes.agree.outputs }}' } }),
        ],
        { name, inputs },
      ),
    );
  const stateOf = async (run: DagRunId, node = 0) => (await harness.nodes(run))[node]?.state;
  const asked = async (run: DagRunId): Promise<void> => {
    await expect.poll(() => stateOf(run)).toBe('running');
  };
  const answer = (run: DagRunId, how: 'approved' | 'rejected', who = ann) =>
    answerApproval(harness.deps, run, 'agree', how, who);
  const waiting = async () => {
    const all = { project: null, dag: null };
    return (await fresh.database.dags.listApprovals(all, { after: null, limit: 100 })).items;
  };

  test('an approval lets the run go on; who, when and why are kept and can be read by expressions', async () => {
    const run = await start('approved');
    await asked(run);
    expect(await waiting()).toMatchObject([
      { run, node: 'agree', dag: 'approved', message: 'Publish 3 rows?', state: 'waiting', answeredBy: null },
    ]);
    const given = await answer(run, 'approved');
    expect(given).toMatchObject({ first: true, approval: { state: 'approved', answeredBy: 'ann' } });
    const said: unknown[] = [];
    const ended = await harness.finish(run, ({ spec }) => (said.push(spec.inputs), null));
    expect(ended).toMatchObject({ state: 'completed' });
    const at = given.approval.answeredAt!.toISOString();
    expect(said).toEqual([{ said: { decision: 'approved', by: 'ann', note: 'looks good', at } }]);
    const [node] = await harness.nodes(run);
    expect(node).toMatchObject({
      state: 'completed',
      message: 'approved by ann: looks good',
      approval: { state: 'approved', answeredBy: 'ann', note: 'looks good' },
    });
    expect(await waiting()).toEqual([]);
  });

  test('the same answer again is the same; another one is refused, and changes nothing', async () => {
    const run = await start('twice');
    await asked(run);
    const [one, two] = await Promise.all([answer(run, 'rejected', bob), answer(run, 'rejected')]);
    expect([one.first, two.first].sort()).toEqual([false, true]);
    expect(one.approval).toEqual(two.approval);
    const ended = await harness.finish(run);
    expect(ended).toMatchObject({ state: 'failed' });
    await expect(answer(run, 'approved')).rejects.toMatchObject({ code: 'approval_answered' });
    expect((await answer(run, 'rejected')).approval).toEqual(one.approval);
    expect(await harness.nodes(run)).toMatchObject([
      { state: 'failed', reason: 'rejected' },
      { state: 'skipped', reason: 'upstream_failed' },
    ]);
  });

  test('of many people who answer differently at once, one counts', async () => {
    const run = await start('race');
    await asked(run);
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) =>
        answer(run, at % 2 === 0 ? 'approved' : 'rejected', { actor: `p${at}`, reason: '' }),
      ),
    );
    const given = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(given.filter(({ first }) => first)).toHaveLength(1);
    expect(given).toHaveLength(6);
    const { state } = await harness.finish(run);
    expect(state).toBe(given[0]!.approval.state === 'approved' ? 'completed' : 'failed');
  });

  test('who answers what is not asked is told so', async () => {
    const graph = graphOf([jobNode('first'), approvalNode('agree', [0])], { name: 'early' });
    const run = await harness.start(graph);
    await asked(run);
    await expect(answer(run, 'approved')).rejects.toMatchObject({ code: 'approval_not_open' });
    await expect(answerApproval(harness.deps, run, 'nobody', 'approved', ann)).rejects.toMatchObject({
      code: 'approval_not_found',
    });
    await expect(answerApproval(harness.deps, run, 'first', 'approved', ann)).rejects.toThrow('asked nobody');
    await cancelRun(harness.deps, run, ann);
    await harness.finish(run);
  });

  test('nobody answers in time: the node fails, or goes on where it says so; an answer comes too late', async () => {
    const run = await start('timeout', { timeoutSeconds: 1 });
    expect(await harness.finish(run)).toMatchObject({ state: 'failed' });
    expect((await harness.nodes(run))[0]).toMatchObject({
      reason: 'approval_timeout',
      approval: { state: 'timed_out', answeredBy: null },
    });
    await expect(answer(run, 'approved')).rejects.toThrow('expired at');
    const lenient = await start('lenient', { timeoutSeconds: 1, onTimeout: 'approve' });
    const said: unknown[] = [];
    await harness.finish(lenient, ({ spec }) => (said.push(spec.inputs), null));
    expect(said).toMatchObject([{ said: { decision: 'timed_out', by: null } }]);
  });

  test('a cancelled run waits for nobody; a paused one takes the answer and goes on when it is resumed', async () => {
    const run = await start('cancelled');
    await asked(run);
    await cancelRun(harness.deps, run, ann);
    expect(await harness.finish(run)).toMatchObject({ state: 'cancelled' });
    await expect(answer(run, 'approved')).rejects.toThrow('its run stopped');
    expect(await waiting()).toEqual([]);
    const paused = await start('paused');
    await asked(paused);
    await setRunPaused(harness.deps, paused, true);
    await answer(paused, 'approved');
    await expect.poll(() => stateOf(paused, 1)).toBe('ready');
    await setRunPaused(harness.deps, paused, false);
    expect(await harness.finish(paused)).toMatchObject({ state: 'completed' });
  });

  test('a retry asks again after a refusal; what was approved stays so, with who did', async () => {
    const run = await start('again');
    await asked(run);
    await answer(run, 'rejected', bob);
    await harness.finish(run);
    const { id } = await rerun(harness.deps, run, { kind: 'failed' }, {}, ann);
    await asked(id);
    await answer(id, 'approved');
    expect(await harness.finish(id, () => 'failed')).toMatchObject({ state: 'failed' });
    const third = await rerun(harness.deps, id, { kind: 'failed' }, {}, ann);
    const said: unknown[] = [];
    await harness.finish(third.id, ({ spec }) => (said.push(spec.inputs), null));
    expect(said).toMatchObject([{ said: { decision: 'approved', by: 'ann' } }]);
    expect((await harness.nodes(third.id))[0]).toMatchObject({
      keptFrom: id,
      approval: { answeredBy: 'ann' },
    });
    expect((await harness.nodes(run))[0]).toMatchObject({
      approval: { state: 'rejected', answeredBy: 'bob' },
    });
  });
});
