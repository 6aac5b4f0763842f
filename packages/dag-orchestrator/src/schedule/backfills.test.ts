import {
  cancelBackfill,
  cancelRun,
  planBackfill,
  readBackfill,
  startBackfill,
  type BackfillRequest,
} from '@job-orchestrator/operations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';
import { type JobEnding } from '../testing/run-harness.ts';
import { dueAt, scheduleOf, schedulerOf } from '../testing/schedule-harness.ts';
import type { Scheduler } from './scheduler.ts';

const context = { actor: 'tester', reason: 'a test' };
const daily = { cron: '0 3 * * *', timeZone: 'Europe/Berlin' };

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

  const scheduled = async (dag: string): Promise<void> => {
    await harness.finish(await harness.start(graphOf([jobNode('one')], { name: dag })));
    await dueAt(fresh.database, scheduleOf(dag, daily), new Date(Date.now() + 86_400_000));
  };
  const request = (dag: string, changes: Partial<BackfillRequest> = {}): BackfillRequest => ({
    project: 'default',
    dag,
    schedule: null,
    from: '2026-03-28',
    to: '2026-03-31',
    rerun: 'none',
    inputs: {},
    maxParallel: 2,
    ...changes,
  });
  const openRuns = async (dag: string) => {
    const filter = { project: null, dag, parent: 'any', states: ['pending', 'running'] } as const;
    return (await fresh.database.dags.listRuns(filter, { after: null, limit: 100 })).items;
  };
  const finish = async (id: string, dag: string, how: () => JobEnding = () => null): Promise<void> => {
    for (;;) {
      const { state } = await readBackfill(harness.deps, id);
      if (state !== 'running') return;
      expect((await openRuns(dag)).length).toBeLessThanOrEqual(2);
      const claimed = await harness.claim();
      if (claimed.length > 0) await harness.end(claimed, how);
      else await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  test('a preview tells every time, over the change of the clock too, and starts nothing', async () => {
    await scheduled('preview');
    const { times } = await planBackfill(harness.deps, request('preview'));
    expect(times.map(({ at }) => at.toISOString())).toEqual([
      '2026-03-28T02:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T01:00:00.000Z',
      '2026-03-31T01:00:00.000Z',
    ]);
    expect(await openRuns('preview')).toEqual([]);
  });

  test('it runs each time once, never more at once than asked, and tells when it is over', async () => {
    await scheduled('whole');
    const key = { key: 'whole', fingerprint: 'f' };
    const started = await startBackfill(harness.deps, request('whole'), context, key);
    const again = await startBackfill(harness.deps, request('whole'), context, key);
    expect(again).toMatchObject({ id: started.id, replayed: true });
    await finish(started.id!, 'whole');
    expect(await readBackfill(harness.deps, started.id!)).toMatchObject({
      state: 'completed',
      times: { total: 4, completed: 4, waiting: 0, open: 0 },
    });
    const left = await planBackfill(harness.deps, request('whole'));
    expect(left.times.map(({ runs }) => runs)).toEqual([false, false, false, false]);
    expect(await startBackfill(harness.deps, request('whole'), context)).toMatchObject({ id: null });
  });

  test('what failed runs again when asked, and nothing else', async () => {
    await scheduled('failed');
    let ended = 0;
    const first = await startBackfill(harness.deps, request('failed'), context);
    await finish(first.id!, 'failed', () => (ended++ === 1 ? 'failed' : null));
    expect(await readBackfill(harness.deps, first.id!)).toMatchObject({
      state: 'failed',
      times: { failed: 1 },
    });
    const { times } = await planBackfill(harness.deps, request('failed', { rerun: 'failed' }));
    expect(times.filter(({ runs }) => runs)).toMatchObject([{ run: { state: 'failed' } }]);
    const second = await startBackfill(harness.deps, request('failed', { rerun: 'failed' }), context);
    await finish(second.id!, 'failed');
    expect(await readBackfill(harness.deps, second.id!)).toMatchObject({
      state: 'completed',
      times: { total: 1, completed: 1 },
    });
  });

  test('a cancelled one starts no more and cancels what is open', async () => {
    await scheduled('cancelled');
    const { id } = await startBackfill(harness.deps, request('cancelled'), context);
    await expect.poll(async () => (await openRuns('cancelled')).length).toBe(2);
    expect(await cancelBackfill(harness.deps, id!, context)).toMatchObject({ accepted: true });
    await finish(id!, 'cancelled');
    expect(await readBackfill(harness.deps, id!)).toMatchObject({
      state: 'cancelled',
      times: { total: 4, waiting: 2, cancelled: 2 },
    });
    expect(await cancelBackfill(harness.deps, id!.slice(-8), context)).toMatchObject({ accepted: false });
  });

  test('a run that is cancelled on its own makes room for the next', async () => {
    await scheduled('room');
    const { id } = await startBackfill(harness.deps, request('room', { maxParallel: 1 }), context);
    await expect.poll(async () => (await openRuns('room')).length).toBe(1);
    const [run] = await openRuns('room');
    await cancelRun(harness.deps, run!.id, context);
    await finish(id!, 'room');
    expect(await readBackfill(harness.deps, id!)).toMatchObject({ times: { completed: 3, cancelled: 1 } });
  });

  test.each([
    [{ to: '2026-03-01' }, 'to'],
    [{ from: '2026-02-30' }, 'from'],
    [{ to: '2999-01-01' }, 'to'],
    [{ from: '2015-01-01' }, 'to'],
    [{ schedule: 'preview' }, 'schedule'],
  ] as const)('%j is refused with its place', async (changes, field) => {
    await scheduled('bad');
    await expect(planBackfill(harness.deps, request('bad', changes))).rejects.toMatchObject({
      problems: [{ field }],
    });
  });

  test('a DAG without a schedule is told how to make one, one that is not there that it is not', async () => {
    await expect(planBackfill(harness.deps, request('nobody'))).rejects.toMatchObject({
      code: 'dag_not_found',
    });
    await harness.finish(await harness.start(graphOf([jobNode('one')], { name: 'nobody' })));
    await expect(planBackfill(harness.deps, request('nobody'))).rejects.toMatchObject({
      problems: [
        { field: 'schedule', message: expect.stringContaining('schedule create NAME --dag nobody') },
      ],
    });
  });
});
