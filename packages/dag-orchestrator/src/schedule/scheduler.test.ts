import { applyDag, pauseSchedule, rerun, resumeSchedule } from '@job-orchestrator/operations';
import { OrchestratorError, type DagRunRecord } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';
import {
  cronAt,
  dueAt,
  firingsOf,
  minutesAgo,
  scheduleOf,
  schedulerOf,
} from '../testing/schedule-harness.ts';
import type { Scheduler } from './scheduler.ts';

const context = { actor: 'tester', reason: 'a test' };

describe.each(bothDatabases)('on %s', (_name, open) => {
  let fresh: Orchestrated['fresh'];
  let harness: Orchestrated['harness'];
  let close: Orchestrated['close'];
  let scheduler: Scheduler;
  beforeAll(async () => {
    ({ fresh, harness, close } = await orchestrated(open));
    scheduler = schedulerOf(harness);
    scheduler.start();
  });
  afterAll(async () => {
    await scheduler.stop();
    await close();
  });

  /** A DAG with one run that has ended, so that its image is known. */
  const known = async (name: string, changes: Parameters<typeof graphOf>[1] = {}): Promise<void> => {
    await harness.finish(await harness.start(graphOf([jobNode('one')], { name, ...changes })));
  };
  const runsOf = async (dag: string): Promise<readonly DagRunRecord[]> => {
    const { items } = await fresh.database.dags.listRuns(
      { project: null, dag, parent: 'any', states: null },
      { after: null, limit: 100 },
    );
    return items.filter(({ scheduledAt }) => scheduledAt !== null).toReversed();
  };
  const outcomes = async (name: string) =>
    (await firingsOf(fresh.database, name)).map(({ outcome }) => outcome);

  test('a time that has come starts one run, which knows its time in its inputs and in its expressions', async () => {
    const nodes = [jobNode('one', [], { job: { image: 'busybox', args: ['${{ run.scheduledAt }}'] } })];
    const inputs = { day: { type: 'string' } } as const;
    await harness.finish(await harness.start(graphOf(nodes, { name: 'daily', inputs }), { day: 'x' }));
    const time = minutesAgo(3);
    const schedule = scheduleOf('daily', { cron: cronAt(time), inputs: { day: '${{ run.scheduledDay }}' } });
    await dueAt(fresh.database, schedule, time);
    await expect.poll(async () => (await runsOf('daily')).length).toBe(1);
    const [run] = await runsOf('daily');
    expect(run).toMatchObject({
      scheduledAt: time,
      schedule: 'daily',
      createdBy: 'schedule:daily',
      inputs: { day: time.toISOString().slice(0, 10) },
    });
    const seen: unknown[] = [];
    await harness.finish(run!.id, ({ spec }) => {
      seen.push(spec.args);
      return null;
    });
    expect(seen).toEqual([[time.toISOString()]]);
    expect(await firingsOf(fresh.database, 'daily')).toMatchObject([
      { scheduledAt: time, outcome: 'started', runId: run!.id, times: 1 },
    ]);
    const { nextAt } = (await fresh.database.schedules.get('default', 'daily'))!;
    expect(nextAt).toEqual(new Date(time.getTime() + 3_600_000));
  });

  test('while the run before is open, skip says so and replace cancels it', async () => {
    await known('overlap');
    const [first, second, third] = [minutesAgo(9), minutesAgo(6), minutesAgo(3)];
    await dueAt(fresh.database, scheduleOf('overlap', { cron: cronAt(first) }), first);
    await expect.poll(() => outcomes('overlap')).toEqual(['started']);
    await dueAt(fresh.database, scheduleOf('overlap', { cron: cronAt(second) }), second);
    await expect.poll(() => outcomes('overlap')).toEqual(['started', 'overlap']);
    await dueAt(fresh.database, scheduleOf('overlap', { cron: cronAt(third), overlap: 'replace' }), third);
    await expect.poll(() => outcomes('overlap')).toEqual(['started', 'overlap', 'started']);
    const [old, next] = await runsOf('overlap');
    expect(old).toMatchObject({ cancelRequestedAt: expect.any(Date) });
    expect(await harness.finish(old!.id)).toMatchObject({ state: 'cancelled' });
    expect(await harness.finish(next!.id)).toMatchObject({ state: 'completed' });
  });

  test('a retry that people start of its run counts as open until it has ended, and not after', async () => {
    await known('retried');
    const [first, second, third] = [minutesAgo(9), minutesAgo(6), minutesAgo(3)];
    await dueAt(fresh.database, scheduleOf('retried', { cron: cronAt(first) }), first);
    await expect.poll(() => outcomes('retried')).toEqual(['started']);
    const [run] = await runsOf('retried');
    await harness.finish(run!.id, () => 'failed');
    const again = await rerun(harness.deps, run!.id, { kind: 'failed' }, {}, context);
    await dueAt(fresh.database, scheduleOf('retried', { cron: cronAt(second) }), second);
    await expect.poll(() => outcomes('retried')).toEqual(['started', 'overlap']);
    await harness.finish(again.id);
    await dueAt(fresh.database, scheduleOf('retried', { cron: cronAt(third) }), third);
    await expect.poll(() => outcomes('retried')).toEqual(['started', 'overlap', 'started']);
    for (const { id } of await runsOf('retried')) await harness.finish(id);
  });

  test('catch-up all under skip runs every time, one after the other', async () => {
    await known('all');
    await dueAt(fresh.database, scheduleOf('all', { catchUp: 'all' }), minutesAgo(3));
    for (let done = 0; done < 4; done += 1) {
      await expect.poll(async () => (await runsOf('all')).length).toBeGreaterThan(done);
      const run = (await runsOf('all'))[done]!;
      expect((await runsOf('all')).filter(({ finishedAt }) => finishedAt === null)).toHaveLength(1);
      await harness.finish(run.id);
    }
    const times = (await runsOf('all')).slice(0, 4).map(({ scheduledAt }) => scheduledAt!.getTime());
    expect(times).toEqual([0, 1, 2, 3].map((minute) => times[0]! + minute * 60_000));
    await pauseSchedule(harness.deps, 'default', 'all', context);
  });

  test('a run that cannot be started is told with its reason, and the schedule goes on', async () => {
    await known('refused');
    const time = minutesAgo(3);
    await applyDag(
      harness.deps,
      { name: 'refused', nodes: { one: { image: 'busybox' } }, inputs: { day: { type: 'string' } } },
      context,
    );
    await dueAt(fresh.database, scheduleOf('refused', { cron: cronAt(time) }), time);
    await expect
      .poll(() => firingsOf(fresh.database, 'refused'))
      .toMatchObject([{ outcome: 'refused', message: 'inputs.day is required', runId: null }]);
    const { nextAt } = (await fresh.database.schedules.get('default', 'refused'))!;
    expect(nextAt! > new Date()).toBe(true);
    expect(await runsOf('refused')).toEqual([]);
  });

  test('times that pass during a pause do not run, and are told', async () => {
    await known('paused');
    const time = minutesAgo(3);
    await dueAt(fresh.database, scheduleOf('paused', { cron: cronAt(time), paused: true }), time);
    await expect(resumeSchedule(harness.deps, 'default', 'none', context)).rejects.toMatchObject({
      code: 'schedule_not_found',
    });
    await resumeSchedule(harness.deps, 'default', 'paused', context);
    expect(await firingsOf(fresh.database, 'paused')).toMatchObject([
      { scheduledAt: time, outcome: 'paused', times: 1 },
    ]);
    expect(await runsOf('paused')).toEqual([]);
  });

  test('a schedule is not stored over another by mistake, nor for a DAG that does not exist', async () => {
    await known('once');
    await dueAt(fresh.database, scheduleOf('once'), new Date(Date.now() + 3_600_000));
    const put = (dag: string) =>
      fresh.database.schedules.put({ ...scheduleOf('once'), dag }, false, (now) => now, context);
    await expect(put('once')).rejects.toMatchObject({ code: 'schedule_exists' });
    await expect(put('never')).rejects.toThrow(OrchestratorError);
    expect(await fresh.database.schedules.remove('default', 'once', context)).toBe(true);
    expect(await fresh.database.schedules.remove('default', 'once', context)).toBe(false);
  });
});
