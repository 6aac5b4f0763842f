import type { JsonObject } from '../json/json-value.ts';
import type { DagRunState } from '../vocabulary/dag.ts';
import type { DagRunId } from '../vocabulary/ids.ts';
import type {
  BackfillRecord,
  FiringPlan,
  FiringRecord,
  NewBackfill,
  NewSchedule,
  ScheduleRecord,
  SkippedTimes,
} from '../vocabulary/schedule.ts';
import type { NewDagRun } from './dags.ts';
import type { IdempotencyKey, Page, PageRequest, WriteContext } from './repositories.ts';

/** The next time after a moment of the database's clock; null: none. Pure. */
export type NextTime = (now: Date) => Date | null;

/** A schedule whose time has come, with what its next step follows from. `open`: its runs that have not ended. */
export interface DueSchedule {
  readonly schedule: ScheduleRecord & { readonly nextAt: Date };
  readonly now: Date;
  readonly open: number;
}

/** A planned step of a schedule with the run it starts, or why there can be none. */
export interface Firing {
  readonly schedule: Pick<ScheduleRecord, 'id' | 'revision' | 'nextAt'>;
  readonly plan: Extract<FiringPlan, { kind: 'step' }>;
  readonly run: NewDagRun | { readonly refused: string } | null;
}

/** A backfill that could start a run now. */
export interface DueBackfill {
  readonly id: string;
  readonly schedule: ScheduleRecord;
  readonly inputs: JsonObject;
  readonly at: Date;
}

/** The newest run of a time. */
export interface RunOfTime {
  readonly scheduledAt: Date;
  readonly runId: DagRunId;
  readonly state: DagRunState;
}

/** Schedules and backfills. Each method is one whole transaction. Lock order: schedule or backfill → run. */
export interface ScheduleRepository {
  /** Stores a schedule. Throws `dag_not_found`, `schedule_exists` (unless `replace`). */
  put(
    schedule: NewSchedule,
    replace: boolean,
    next: NextTime,
    context: WriteContext,
  ): Promise<{ readonly created: boolean }>;
  get(project: string, name: string): Promise<ScheduleRecord | null>;
  /** The database's clock. */
  now(): Promise<Date>;
  list(project: string | null, dag: string | null, page: PageRequest): Promise<Page<ScheduleRecord>>;
  /** Newest first. */
  listFirings(id: number, page: PageRequest): Promise<Page<FiringRecord>>;
  pause(project: string, name: string, context: WriteContext): Promise<boolean>;
  /** Goes on with the next time to come; `passed` tells of those that passed meanwhile, which are noted as `paused`. */
  resume(
    project: string,
    name: string,
    passed: (
      schedule: ScheduleRecord,
      now: Date,
    ) => { readonly skipped: SkippedTimes | null; readonly next: Date | null },
    context: WriteContext,
  ): Promise<boolean>;
  /** Its runs go on; its backfills start no more. False: there was none. */
  remove(project: string, name: string, context: WriteContext): Promise<boolean>;
  /** Schedules whose time has come, longest due first. */
  due(limit: number): Promise<readonly DueSchedule[]>;
  /** In how many milliseconds the next time comes; null: none. */
  nextInMs(): Promise<number | null>;
  /** Stores a step; false where somebody else made it or the schedule was changed since. */
  fire(firing: Firing, context: WriteContext): Promise<boolean>;

  /** The newest run of each of these times. */
  runsOf(id: number, times: readonly Date[]): Promise<readonly RunOfTime[]>;
  /** Throws `idempotency_key_reused`. */
  startBackfill(
    backfill: NewBackfill,
    project: string,
    context: WriteContext,
    key?: IdempotencyKey,
  ): Promise<{ readonly id: string; readonly replayed: boolean }>;
  /** The backfill that an earlier request with this key started. Throws `idempotency_key_reused`. */
  findBackfillReplay(project: string, key: IdempotencyKey): Promise<string | null>;
  getBackfill(id: string): Promise<BackfillRecord | null>;
  /** Newest first. */
  listBackfills(project: string | null, dag: string | null, page: PageRequest): Promise<Page<BackfillRecord>>;
  /** Ids that begin or end so, newest first. */
  findBackfillIds(part: string, limit: number): Promise<readonly string[]>;
  /** Starts no more runs and cancels those that are open; false: it had ended. */
  cancelBackfill(id: string, context: WriteContext): Promise<boolean>;
  /** Backfills with room for a run, each with its earliest time, and none that is paused by its own limit. */
  dueBackfills(limit: number): Promise<readonly DueBackfill[]>;
  /** Stores the run of a time of a backfill; false where there is no room any more, or the time has its run. */
  fireBackfill(
    id: string,
    at: Date,
    run: NewDagRun | { readonly refused: string },
    context: WriteContext,
  ): Promise<boolean>;
  /** Ends backfills whose every run has ended; how many are still open. */
  finishBackfills(): Promise<number>;
}
