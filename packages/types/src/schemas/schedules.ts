import { Type } from 'typebox';
import { dagRunStates } from '../vocabulary/dag.ts';
import { limits } from '../vocabulary/limits.ts';
import {
  backfillReruns,
  backfillStates,
  catchUpPolicies,
  firingOutcomes,
  overlapPolicies,
} from '../vocabulary/schedule.ts';
import { Count, Id, JsonMap, nullable, oneOf, pageOf, Timestamp, type Dto } from './response-parts.ts';
import { Name } from './submission.ts';

const strict = { additionalProperties: false } as const;
const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: limits.reasonChars }));

export const ScheduleSubmissionSchema = Type.Object(
  {
    name: Name,
    project: Type.Optional(Name),
    dag: Name,
    cron: Type.String({
      description: 'Five fields (minute hour day-of-month month day-of-week), or @daily and the like.',
    }),
    timeZone: Type.Optional(
      Type.String({ description: 'An IANA time zone such as Europe/Berlin; UTC unless given.' }),
    ),
    overlap: Type.Optional(oneOf(overlapPolicies)),
    catchUp: Type.Optional(oneOf(catchUpPolicies)),
    inputs: Type.Optional(Type.Record(Type.String(), Type.Any())),
    paused: Type.Optional(Type.Boolean()),
    replace: Type.Optional(Type.Boolean({ description: 'Also over a schedule of the same name.' })),
    reason: Reason,
  },
  { ...strict, $id: 'ScheduleSubmission', title: 'When a DAG is to run' },
);
export type ScheduleSubmission = Dto<typeof ScheduleSubmissionSchema>;

export const ScheduleSchema = Type.Object(
  {
    project: Type.String(),
    name: Type.String(),
    dag: Type.String(),
    cron: Type.String(),
    timeZone: Type.String(),
    overlap: oneOf(overlapPolicies),
    catchUp: oneOf(catchUpPolicies),
    inputs: JsonMap,
    pausedAt: nullable(Timestamp),
    nextAt: nullable(Timestamp),
    createdAt: Timestamp,
    createdBy: Type.String(),
    next: Type.Array(Timestamp, { description: 'The next times; none while it is paused.' }),
  },
  { $id: 'Schedule', title: 'When a DAG runs' },
);
export type ScheduleDto = Dto<typeof ScheduleSchema>;

export const PutScheduleSchema = Type.Object(
  {
    created: Type.Boolean({ description: 'False: it replaced one of the same name.' }),
    schedule: ScheduleSchema,
  },
  { $id: 'StoredSchedule', title: 'The schedule as it is stored' },
);
export type PutScheduleDto = Dto<typeof PutScheduleSchema>;

export const SchedulePageSchema = pageOf('SchedulePage', ScheduleSchema);
export type SchedulePage = Dto<typeof SchedulePageSchema>;

export const DeletedScheduleSchema = Type.Object(
  { project: Type.String(), name: Type.String(), deleted: Type.Literal(true) },
  { $id: 'DeletedSchedule', title: 'The schedule is gone; its runs stay' },
);
export type DeletedScheduleDto = Dto<typeof DeletedScheduleSchema>;

export const FiringSchema = Type.Object(
  {
    scheduledAt: Timestamp,
    throughAt: Timestamp,
    times: Type.Integer({
      minimum: 1,
      description: `How many times lie from scheduledAt through throughAt, counted up to ${limits.schedule.timesCounted}.`,
    }),
    at: Timestamp,
    outcome: oneOf(firingOutcomes),
    message: nullable(Type.String()),
    runId: nullable(Id),
  },
  { $id: 'Firing', title: 'What became of a time of a schedule' },
);
export type FiringDto = Dto<typeof FiringSchema>;

export const FiringPageSchema = pageOf('FiringPage', FiringSchema);
export type FiringPage = Dto<typeof FiringPageSchema>;

const dayOrTime = 'A day (2026-01-31) in the time zone of the schedule, or a time with a zone; included.';

export const BackfillSubmissionSchema = Type.Object(
  {
    schedule: Type.Optional(Name),
    from: Type.String({ description: dayOrTime, maxLength: 64 }),
    to: Type.String({ description: dayOrTime, maxLength: 64 }),
    rerun: Type.Optional(oneOf(backfillReruns)),
    inputs: Type.Optional(Type.Record(Type.String(), Type.Any())),
    maxParallel: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.schedule.backfillParallel })),
    dryRun: Type.Optional(Type.Boolean()),
    reason: Reason,
  },
  { ...strict, $id: 'BackfillSubmission', title: 'Which past times of a schedule to run' },
);
export type BackfillSubmission = Dto<typeof BackfillSubmissionSchema>;

export const BackfillPlanSchema = Type.Object(
  {
    id: nullable(Id),
    replayed: Type.Boolean(),
    project: Type.String(),
    dag: Type.String(),
    schedule: Type.String(),
    timeZone: Type.String(),
    maxParallel: Type.Integer({ minimum: 1 }),
    runs: Type.Integer({ minimum: 0, description: 'How many times run.' }),
    times: Type.Array(
      Type.Object({
        at: Timestamp,
        runs: Type.Boolean({ description: 'False: it has a run already, which is left as it is.' }),
        runId: nullable(Id),
        runState: nullable(oneOf(dagRunStates)),
      }),
    ),
  },
  { $id: 'BackfillPlan', title: 'What a backfill runs; `id` null: nothing was started' },
);
export type BackfillPlanDto = Dto<typeof BackfillPlanSchema>;

export const BackfillSchema = Type.Object(
  {
    id: Id,
    project: Type.String(),
    dag: Type.String(),
    schedule: Type.String(),
    state: oneOf(backfillStates),
    maxParallel: Type.Integer({ minimum: 1 }),
    createdAt: Timestamp,
    createdBy: Type.String(),
    reason: Type.String(),
    cancelledAt: nullable(Timestamp),
    finishedAt: nullable(Timestamp),
    times: Type.Object({
      total: Count,
      waiting: Count,
      refused: Count,
      open: Count,
      completed: Count,
      failed: Count,
      cancelled: Count,
    }),
  },
  { $id: 'Backfill', title: 'Runs for past times of a schedule' },
);
export type BackfillDto = Dto<typeof BackfillSchema>;

export const BackfillPageSchema = pageOf('BackfillPage', BackfillSchema);
export type BackfillPage = Dto<typeof BackfillPageSchema>;

export const CancelledBackfillSchema = Type.Object(
  { answer: oneOf(['accepted', 'too_late'] as const), backfill: BackfillSchema },
  { $id: 'CancelledBackfill', title: '`too_late`: the backfill had ended already' },
);
export type CancelledBackfillDto = Dto<typeof CancelledBackfillSchema>;
