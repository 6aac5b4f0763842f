import {
  invalidInput,
  isDay,
  isUuid,
  limits,
  OrchestratorError,
  shortId,
  type BackfillRecord,
  type BackfillRerun,
  type IdempotencyKey,
  type JsonObject,
  type RunOfTime,
  type ScheduleRecord,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { readStartable } from '../dags/start-run.ts';
import { leastSelectorChars } from '../jobs/find-job.ts';
import { prepareScheduledRun } from './scheduled-run.ts';
import { readSchedule } from './schedules.ts';

/** `from` and `to`: moments, or days (YYYY-MM-DD) in the schedule's time zone; both are included. */
export interface BackfillRequest {
  readonly project: string;
  readonly dag: string;
  /** null: the only one of the DAG. */
  readonly schedule: string | null;
  readonly from: string;
  readonly to: string;
  readonly rerun: BackfillRerun;
  /** In place of those of the schedule. */
  readonly inputs: JsonObject;
  readonly maxParallel: number;
}

/** A time in the range; `run`: its newest run so far. */
export interface PlannedTime {
  readonly at: Date;
  readonly runs: boolean;
  readonly run: RunOfTime | null;
}

export interface BackfillPlan {
  readonly schedule: ScheduleRecord;
  readonly times: readonly PlannedTime[];
}

const onlySchedule = async (deps: OperationDeps, project: string, dag: string): Promise<ScheduleRecord> => {
  const { items } = await deps.database.schedules.list(project, dag, { after: null, limit: 6 });
  const [only] = items;
  if (items.length === 1) return only!;
  if (items.length === 0) await readStartable(deps, { project, name: dag, version: null });
  const message =
    items.length === 0
      ? `is required: DAG ${dag} has no schedule; make one, such as: schedule create NAME --dag ${dag} --cron '0 3 * * *' --paused`
      : `is required: DAG ${dag} has several schedules: ${items.map(({ name }) => name).join(', ')}`;
  throw invalidInput([{ field: 'schedule', message }]);
};

const scheduleOf = async (deps: OperationDeps, { project, dag, schedule }: BackfillRequest) => {
  if (schedule === null) return onlySchedule(deps, project, dag);
  const found = await readSchedule(deps, project, schedule);
  if (found.dag === dag) return found;
  throw invalidInput([
    { field: 'schedule', message: `is one of DAG ${found.dag}, not of ${dag}`, value: schedule },
  ]);
};

const isMoment = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
  isDay(text.slice(0, 10)) &&
  !Number.isNaN(Date.parse(text));

const momentOf = (deps: OperationDeps, zone: string, end: 'from' | 'to', text: string): Date => {
  if (isDay(text)) return deps.dagRules.schedules.day(zone, text)[end];
  if (isMoment(text)) return new Date(text);
  const message = 'must be a day such as 2026-01-31, or a time with a zone such as 2026-01-31T08:00:00Z';
  throw invalidInput([{ field: end, message, value: text }]);
};

const timesOf = (deps: OperationDeps, schedule: ScheduleRecord, { from, to }: BackfillRequest) => {
  const first = momentOf(deps, schedule.timeZone, 'from', from);
  const last = momentOf(deps, schedule.timeZone, 'to', to);
  if (last < first) throw invalidInput([{ field: 'to', message: `must not lie before ${from}`, value: to }]);
  const limit = limits.schedule.backfillRuns;
  const times = deps.dagRules.schedules.between(schedule, first, last, limit + 1);
  if (times.length <= limit) return times;
  const message = `gives more than ${limit} times; the ${limit}th is ${times[limit - 1]!.toISOString()}: end there, and backfill the rest after it`;
  throw invalidInput([{ field: 'to', message, limit, value: to }]);
};

const runsAgain = (rerun: BackfillRerun, run: RunOfTime | undefined): boolean => {
  if (run === undefined || rerun === 'all') return true;
  return rerun === 'failed' && (run.state === 'failed' || run.state === 'cancelled');
};

/** Which times a backfill runs and which it leaves out, without doing anything. Throws `invalid_input`, `dag_not_found`, `schedule_not_found`. */
export const planBackfill = async (deps: OperationDeps, request: BackfillRequest): Promise<BackfillPlan> => {
  const schedule = await scheduleOf(deps, request);
  const times = timesOf(deps, schedule, request);
  const now = await deps.database.schedules.now();
  if (times.some((at) => at > now))
    throw invalidInput([
      {
        field: 'to',
        message: `lies in the future: the schedule runs those times itself; now is ${now.toISOString()}`,
        value: request.to,
      },
    ]);
  const runs = await deps.database.schedules.runsOf(schedule.id, times);
  const byTime = new Map(runs.map((run) => [run.scheduledAt.getTime(), run]));
  const planned = times.map((at): PlannedTime => {
    const run = byTime.get(at.getTime());
    return { at, runs: runsAgain(request.rerun, run), run: run ?? null };
  });
  return { schedule, times: planned };
};

/** The first run is made to see whether it can be: what would refuse them all refuses the backfill. */
const refuseUnfit = async (
  deps: OperationDeps,
  schedule: ScheduleRecord,
  inputs: JsonObject,
  at: Date | undefined,
): Promise<void> => {
  if (at === undefined) return;
  const scheduled = { scheduleId: schedule.id, at, backfillId: null };
  const run = await prepareScheduledRun(deps, schedule, inputs, scheduled);
  if ('refused' in run) throw invalidInput([{ field: 'inputs', message: run.refused }]);
};

/** The backfill that was started; null where no time is left to run. */
export interface StartedBackfill extends BackfillPlan {
  readonly id: string | null;
  readonly replayed: boolean;
}

/** Starts a backfill. Throws what `planBackfill` throws, and `idempotency_key_reused`. */
export const startBackfill = async (
  deps: OperationDeps,
  request: BackfillRequest,
  context: WriteContext,
  key?: IdempotencyKey,
): Promise<StartedBackfill> => {
  const plan = await planBackfill(deps, request);
  const inputs = { ...plan.schedule.inputs, ...request.inputs };
  const times = plan.times.filter(({ runs }) => runs).map(({ at }) => at);
  await refuseUnfit(deps, plan.schedule, inputs, times[0]);
  const { maxParallel } = request;
  const backfill = { id: deps.newDagRunId(), scheduleId: plan.schedule.id, inputs, maxParallel, times };
  const replay =
    key === undefined ? null : await deps.database.schedules.findBackfillReplay(request.project, key);
  if (replay !== null) return { ...plan, id: replay, replayed: true };
  if (times.length === 0) return { ...plan, id: null, replayed: false };
  const started = await deps.database.schedules.startBackfill(backfill, request.project, context, key);
  return { ...plan, ...started };
};

const latestBackfill = async ({ database }: OperationDeps): Promise<string> => {
  const { items } = await database.schedules.listBackfills(null, null, { after: null, limit: 1 });
  if (items[0] !== undefined) return items[0].id;
  throw new OrchestratorError('backfill_not_found', 'There are no backfills yet.');
};

/** The one backfill that a selector means: a full id, a unique beginning or end of one (4 characters or more), or `@latest`. */
const findBackfill = async (deps: OperationDeps, selector: string): Promise<string> => {
  if (selector === '@latest') return latestBackfill(deps);
  const text = selector.toLowerCase();
  if (isUuid(text)) return text;
  const fits = new RegExp(`^[0-9a-f-]{${leastSelectorChars},36}$`).test(text);
  const ids = fits ? await deps.database.schedules.findBackfillIds(text, 6) : [];
  const [id] = ids;
  if (id === undefined)
    throw new OrchestratorError('backfill_not_found', `There is no backfill ${selector.slice(0, 64)}.`);
  if (ids.length === 1) return id;
  const shown = ids.slice(0, 5).map((one) => `${shortId(one)} (${one})`);
  throw new OrchestratorError(
    'backfill_ambiguous',
    `${selector} fits more than one backfill: ${shown.join(', ')}.`,
  );
};

/** Throws `backfill_not_found`, `backfill_ambiguous`. */
export const readBackfill = async (deps: OperationDeps, selector: string): Promise<BackfillRecord> => {
  const id = await findBackfill(deps, selector);
  const found = await deps.database.schedules.getBackfill(id);
  if (found === null) throw new OrchestratorError('backfill_not_found', `There is no backfill ${id}.`);
  return found;
};

/** Starts no more runs and cancels those that are open; false: it had ended. Throws what `readBackfill` throws. */
export const cancelBackfill = async (
  deps: OperationDeps,
  selector: string,
  context: WriteContext,
): Promise<{ readonly accepted: boolean; readonly backfill: BackfillRecord }> => {
  const { id } = await readBackfill(deps, selector);
  const accepted = await deps.database.schedules.cancelBackfill(id, context);
  return { accepted, backfill: await readBackfill(deps, id) };
};
