import {
  didYouMean,
  invalidInput,
  limits,
  OrchestratorError,
  type NewSchedule,
  type Problem,
  type ScheduleRecord,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { prepareRun, readDag } from '../dags/start-run.ts';

const notFound = async (
  { database }: OperationDeps,
  project: string,
  name: string,
): Promise<OrchestratorError> => {
  const { items } = await database.schedules.list(project, null, { after: null, limit: limits.pageItems });
  const near = didYouMean(
    name,
    items.map((schedule) => schedule.name),
  );
  const end = near === null ? '.' : `; did you mean ${near}?`;
  return new OrchestratorError(
    'schedule_not_found',
    `There is no schedule ${name} in project ${project}${end}`,
  );
};

/** Each caught-up run would cancel the one before it: nobody means that. */
const policyProblems = ({ overlap, catchUp }: NewSchedule): readonly Problem[] =>
  overlap === 'replace' && catchUp === 'all'
    ? [
        {
          field: 'catchUp',
          message:
            'all does not go with overlap replace: each run would cancel the one before; use latest, or overlap skip',
          value: catchUp,
        },
      ]
    : [];

/** Whatever would refuse a run now refuses the schedule: its inputs for the first time, the images of its DAG. */
const refuseUnfit = async (deps: OperationDeps, schedule: NewSchedule, context: WriteContext) => {
  const now = await deps.database.schedules.now();
  const { schedules } = deps.dagRules;
  const problems = [...schedules.problems(schedule, now), ...policyProblems(schedule)];
  if (problems.length > 0) throw invalidInput(problems);
  const { project, dag: name } = schedule;
  const version = await readDag(deps, { project, name, version: null });
  await prepareRun(deps, version, schedules.inputsAt(schedule, schedules.next(schedule, now)!), context);
};

/**
 * Stores a schedule; with `replace` also over one of the same name, whose runs and history stay.
 * Throws `invalid_input`, `dag_not_found`, `schedule_exists`, and what starting a run throws.
 */
export const putSchedule = async (
  deps: OperationDeps,
  schedule: NewSchedule,
  replace: boolean,
  context: WriteContext,
): Promise<{ readonly created: boolean }> => {
  await refuseUnfit(deps, schedule, context);
  const next = (now: Date) => deps.dagRules.schedules.next(schedule, now);
  return deps.database.schedules.put(schedule, replace, next, context);
};

/** Throws `schedule_not_found`. */
export const readSchedule = async (
  deps: OperationDeps,
  project: string,
  name: string,
): Promise<ScheduleRecord> => {
  const found = await deps.database.schedules.get(project, name);
  if (found === null) throw await notFound(deps, project, name);
  return found;
};

/** Times pass without a run until it is resumed. Throws `schedule_not_found`. */
export const pauseSchedule = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<void> => {
  if (!(await deps.database.schedules.pause(project, name, context)))
    throw await notFound(deps, project, name);
};

/** Goes on with the next time to come; those that passed meanwhile are noted and do not run. Throws `schedule_not_found`. */
export const resumeSchedule = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<void> => {
  const { resume } = deps.dagRules.schedules;
  const passed = (schedule: ScheduleRecord, now: Date) => resume(schedule, schedule.nextAt, now);
  if (!(await deps.database.schedules.resume(project, name, passed, context)))
    throw await notFound(deps, project, name);
};

/** Its runs go on and stay; its backfills start no more. Throws `schedule_not_found`. */
export const deleteSchedule = async (
  deps: OperationDeps,
  project: string,
  name: string,
  context: WriteContext,
): Promise<void> => {
  if (!(await deps.database.schedules.remove(project, name, context)))
    throw await notFound(deps, project, name);
};

/** When a schedule runs next, at most `count` times; none while it is paused. */
export const nextRuns = async (
  deps: OperationDeps,
  { nextAt, pausedAt, cron, timeZone }: ScheduleRecord,
  count: number,
): Promise<readonly Date[]> => {
  if (nextAt === null || pausedAt !== null) return [];
  const rest = deps.dagRules.schedules.upcoming({ cron, timeZone }, nextAt, count - 1);
  return [nextAt, ...rest];
};
