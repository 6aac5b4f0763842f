import {
  isOrchestratorError,
  type JsonObject,
  type NewDagRun,
  type ScheduledFor,
  type ScheduleRecord,
  type WriteContext,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';
import { prepareRun, readDag } from '../dags/start-run.ts';

/** Who starts the runs of a schedule, and why. */
export const scheduleContext = ({ name }: Pick<ScheduleRecord, 'name'>, at: Date): WriteContext => ({
  actor: `schedule:${name}`,
  reason: `scheduled for ${at.toISOString()}`,
});

/** A fault of what was asked, not of ours: the same request would be refused again. */
const isRefusal = (error: unknown): error is Error =>
  isOrchestratorError(error) && error.status >= 400 && error.status < 500 && error.status !== 429;

const messageOf = (error: Error): string => {
  const problems = isOrchestratorError(error) ? error.problems : [];
  const told = problems.map(({ field, message }) => `${field} ${message}`).join('; ');
  return (told === '' ? error.message : told).slice(0, 1_000);
};

/**
 * The run of a time of a schedule in the DAG's newest version, not stored yet; or why it is refused, such as inputs
 * that do not fit any more. What may be better in a moment is thrown.
 */
export const prepareScheduledRun = async (
  deps: OperationDeps,
  schedule: ScheduleRecord,
  inputs: JsonObject,
  scheduled: ScheduledFor,
): Promise<NewDagRun | { readonly refused: string }> => {
  const { project, dag: name, timeZone } = schedule;
  try {
    const version = await readDag(deps, { project, name, version: null });
    const given = deps.dagRules.schedules.inputsAt({ timeZone, inputs }, scheduled.at);
    const run = await prepareRun(deps, version, given, scheduleContext(schedule, scheduled.at));
    return { ...run, scheduled };
  } catch (error) {
    if (isRefusal(error)) return { refused: messageOf(error) };
    throw error;
  }
};
