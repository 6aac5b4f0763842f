import {
  BackfillPageSchema,
  BackfillPlanSchema,
  FiringPageSchema,
  PutScheduleSchema,
  SchedulePageSchema,
  ScheduleSchema,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
  const inputs = { day: { type: 'string' } };
  await api.client.applyDag({ name: 'nightly', inputs, nodes: { one: { image: 'busybox' } } });
});
afterAll(() => api.close());

const schedule = {
  name: 'night',
  dag: 'nightly',
  cron: '30 2 * * *',
  timeZone: 'Europe/Berlin',
  inputs: { day: '${{ run.scheduledDay }}' },
};

describe('schedules', () => {
  it('are created, read, paused, resumed, replaced and deleted', async () => {
    const { created, schedule: made } = await api.client.createSchedule(schedule);
    expectShape(PutScheduleSchema, { created, schedule: made });
    expect(created).toBe(true);
    expect(made).toMatchObject({ ...schedule, overlap: 'skip', catchUp: 'latest', pausedAt: null });
    expect(made.next).toHaveLength(5);
    expect((await api.client.getSchedule('night', { next: 9 })).next).toHaveLength(9);
    expect(await failure(api.client.createSchedule(schedule))).toMatchObject({ code: 'schedule_exists' });
    const paused = await api.client.pauseSchedule('night', { reason: 'a holiday' });
    expectShape(ScheduleSchema, paused);
    expect(paused).toMatchObject({ next: [], pausedAt: expect.any(String) });
    expect(await api.client.resumeSchedule('night')).toMatchObject({ pausedAt: null });
    const other = await api.client.createSchedule({ ...schedule, cron: '@daily', replace: true });
    expect(other).toMatchObject({ created: false, schedule: { cron: '@daily' } });
    const page = await api.client.listSchedules({ dag: 'nightly' });
    expectShape(SchedulePageSchema, page);
    expect(page.items).toHaveLength(1);
    const firings = await api.client.listFirings('night');
    expectShape(FiringPageSchema, firings);
    expect(firings.items).toEqual([]);
    expect(await api.client.deleteSchedule('night')).toMatchObject({ deleted: true });
    expect(await failure(api.client.getSchedule('night'))).toMatchObject({ code: 'schedule_not_found' });
    expect(await failure(api.client.deleteSchedule('night'))).toMatchObject({ code: 'schedule_not_found' });
  });

  it.each([
    [{ cron: '0 25 * * *' }, 'cron', 'field 2 (hour)'],
    [{ timeZone: 'Europe/Berln' }, 'timeZone', 'did you mean Europe/Berlin?'],
    [{ inputs: {} }, 'inputs.day', 'is required'],
    [{ inputs: { day: '${{ run.nope }}' } }, 'inputs.day', 'cannot be evaluated'],
    [{ overlap: 'replace', catchUp: 'all' }, 'catchUp', 'does not go with overlap replace'],
    [{ overlap: 'skp' }, 'overlap', 'did you mean skip?'],
    [{ crom: 'x' }, 'crom', 'did you mean cron?'],
  ] as const)('%j is refused with its place', async (changes, field, message) => {
    const refused = await failure(api.client.createSchedule({ ...schedule, ...(changes as object) }));
    expect(refused).toMatchObject({
      code: 'invalid_input',
      problems: [{ field, message: expect.stringContaining(message) }],
    });
  });

  it('of a DAG that does not exist are refused', async () => {
    const refused = await failure(api.client.createSchedule({ ...schedule, dag: 'never' }));
    expect(refused).toMatchObject({ code: 'dag_not_found' });
  });
});

describe('backfills', () => {
  const range = { schedule: 'past', from: '2026-01-01', to: '2026-01-03' };

  it('are previewed, started once for a key, read and cancelled', async () => {
    await api.client.createSchedule({ ...schedule, name: 'past', paused: true });
    const preview = await api.client.startBackfill('nightly', { ...range, dryRun: true });
    expectShape(BackfillPlanSchema, preview);
    expect(preview).toMatchObject({ id: null, runs: 3, maxParallel: 1 });
    const wanted = { ...range, maxParallel: 2, idempotencyKey: 'k' };
    const { id } = await api.client.startBackfill('nightly', wanted);
    expect(await api.client.startBackfill('nightly', wanted)).toMatchObject({ id, replayed: true });
    const page = await api.client.listBackfills({ dag: 'nightly' });
    expectShape(BackfillPageSchema, page);
    expect(page.items).toMatchObject([{ id, state: 'running', times: { total: 3, waiting: 3 } }]);
    expect(await api.client.cancelBackfill(id!.slice(-8))).toMatchObject({ answer: 'accepted' });
    expect(await failure(api.client.getBackfill('ffffffff'))).toMatchObject({ code: 'backfill_not_found' });
  });

  it('of days that are none are refused with their place', async () => {
    for (const from of ['2026-02-30', '2026-02-30T08:00:00Z']) {
      const refused = await failure(api.client.startBackfill('nightly', { ...range, from }));
      expect(refused).toMatchObject({ code: 'invalid_input', problems: [{ field: 'from' }] });
    }
  });
});
