import {
  OrchestratorError,
  type NextTime,
  type ScheduleRepository,
  type SkippedTimes,
  type WakeUps,
  type WriteContext,
} from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { noteChange } from '../sql/changes.ts';
import * as definitions from '../sql/schedules/definitions.ts';
import * as firings from '../sql/schedules/firings.ts';
import { createBackfills } from './backfills.ts';
import { pageOf } from './cursors.ts';
import { storeRun } from './store-run.ts';

const put = (
  store: Store,
  ...[schedule, replace, next, context]: Parameters<ScheduleRepository['put']>
): Promise<{ created: boolean }> =>
  store.transaction(async (sql) => {
    const { project, name, dag } = schedule;
    const nextAt = next(await definitions.readNow(sql));
    const answer = await definitions.putSchedule(sql, schedule, replace, nextAt, context);
    if (answer === 'no_dag')
      throw new OrchestratorError('dag_not_found', `There is no DAG ${dag} in project ${project}.`);
    if (answer === 'exists')
      throw new OrchestratorError(
        'schedule_exists',
        `There is a schedule ${name} in project ${project} already.`,
      );
    await noteChange(sql, `schedule_${answer}`, project, name, context);
    return { created: answer === 'created' };
  });

const note = (sql: Sql, schedule: number, skipped: SkippedTimes): Promise<void> =>
  firings.noteFiring(sql, schedule, { ...skipped, message: null, runId: null });

type Passed = Parameters<ScheduleRepository['resume']>[2];

const resume = async (sql: Sql, project: string, name: string, passed: Passed): Promise<boolean> => {
  const found = await definitions.lockSchedule(sql, project, name);
  if (found === null) return false;
  if (found.pausedAt === null) return true;
  const { skipped, next } = passed(found, await definitions.readNow(sql));
  if (skipped !== null) await note(sql, found.id, skipped);
  await definitions.resumeSchedule(sql, found.id, next);
  return true;
};

/**
 * One step of a schedule. Moving it on comes first: it locks the schedule, and changes nothing where another has made the
 * step. A time that has its run already (the schedule was put back) keeps it.
 */
const fire = async (
  sql: Sql,
  { schedule, plan, run }: Parameters<ScheduleRepository['fire']>[0],
  context: WriteContext,
): Promise<boolean> => {
  if (!(await firings.moveOn(sql, schedule, plan.next))) return false;
  for (const skipped of plan.skipped) await note(sql, schedule.id, skipped);
  if (plan.start === null || run === null) return true;
  if ((await firings.hasRun(sql, schedule.id, plan.start)) !== null) return true;
  const time = { from: plan.start, through: plan.start, times: 1 };
  if ('refused' in run) {
    await firings.noteFiring(sql, schedule.id, {
      ...time,
      outcome: 'refused',
      message: run.refused,
      runId: null,
    });
    return true;
  }
  if (plan.replace)
    await firings.cancelOpenRuns(
      sql,
      schedule.id,
      `replaced by the run scheduled for ${plan.start.toISOString()}`,
    );
  await storeRun(sql, run, context);
  await firings.noteFiring(sql, schedule.id, { ...time, outcome: 'started', message: null, runId: run.id });
  return true;
};

const reads = (store: Store) =>
  ({
    get: (project, name) => withRetries('repeatable', () => definitions.readSchedule(store, project, name)),
    now: () => withRetries('repeatable', () => definitions.readNow(store)),
    list: (project, dag, page) =>
      pageOf(
        page,
        (after, limit) =>
          withRetries('repeatable', () =>
            definitions.listSchedules(store, project, dag, [after?.[0] ?? '', after?.[1] ?? ''], limit),
          ),
        (schedule) => [schedule.project, schedule.name],
        ['name', 'name'],
      ),
    listFirings: (id, page) =>
      pageOf(
        page,
        (after, limit) => {
          const before = Number.isNaN(Date.parse(after?.[0] ?? '')) ? null : after![0]!;
          return withRetries('repeatable', () => firings.listFirings(store, id, before, limit));
        },
        ({ scheduledAt }) => [scheduledAt.toISOString()],
        ['name'],
      ),
    due: (limit) => withRetries('repeatable', () => firings.dueSchedules(store, limit)),
    nextInMs: () => withRetries('repeatable', () => firings.nextInMs(store)),
  }) satisfies Partial<ScheduleRepository>;

/** Schedules of DAGs, and their backfills, on one database. */
export const createSchedules = (store: Store, wakeUps: WakeUps): ScheduleRepository => {
  /** In one transaction with the note of who did it; then orchestrators look for their next time again. */
  const changed = async (
    kind: string,
    project: string,
    name: string,
    context: WriteContext,
    work: (sql: Sql) => Promise<boolean>,
  ): Promise<boolean> => {
    const done = await withRetries('repeatable', () =>
      store.transaction(async (sql) => {
        const found = await work(sql);
        if (found) await noteChange(sql, kind, project, name, context);
        return found;
      }),
    );
    wakeUps.send('schedules');
    return done;
  };
  return {
    ...reads(store),
    ...createBackfills(store, wakeUps),
    put: async (schedule, replace, next: NextTime, context) => {
      const answer = await withRetries('once', () => put(store, schedule, replace, next, context));
      wakeUps.send('schedules');
      return answer;
    },
    pause: (project, name, context) =>
      changed('schedule_paused', project, name, context, (sql) =>
        definitions.pauseSchedule(sql, project, name),
      ),
    resume: (project, name, passed, context) =>
      changed('schedule_resumed', project, name, context, (sql) => resume(sql, project, name, passed)),
    remove: (project, name, context) =>
      changed('schedule_deleted', project, name, context, (sql) =>
        definitions.removeSchedule(sql, project, name),
      ),
    fire: async (firing, context) => {
      const fired = await withRetries('repeatable', () =>
        store.transaction((sql) => fire(sql, firing, context)),
      );
      if (fired && firing.plan.start !== null) wakeUps.send('dags');
      return fired;
    },
  };
};
