import type { BackfillPlan } from '@job-orchestrator/operations';
import type {
  BackfillDto,
  BackfillPlanDto,
  BackfillRecord,
  FiringDto,
  FiringRecord,
  ScheduleDto,
  ScheduleRecord,
} from '@job-orchestrator/types';
import { isoOrNull } from './dag-dto.ts';

const iso = (at: Date): string => at.toISOString();

export const toSchedule = (schedule: ScheduleRecord, next: readonly Date[]): ScheduleDto => {
  const { id: _id, revision: _revision, ...shown } = schedule;
  return {
    ...shown,
    pausedAt: isoOrNull(schedule.pausedAt),
    nextAt: isoOrNull(schedule.nextAt),
    createdAt: iso(schedule.createdAt),
    next: next.map(iso),
  };
};

export const toFiring = (firing: FiringRecord): FiringDto => ({
  ...firing,
  scheduledAt: iso(firing.scheduledAt),
  throughAt: iso(firing.throughAt),
  at: iso(firing.at),
});

export const toBackfill = (backfill: BackfillRecord): BackfillDto => ({
  ...backfill,
  createdAt: iso(backfill.createdAt),
  cancelledAt: isoOrNull(backfill.cancelledAt),
  finishedAt: isoOrNull(backfill.finishedAt),
});

/** A plan, or what was started by it. */
export const toBackfillPlan = (
  { schedule, times }: BackfillPlan,
  maxParallel: number,
  started: { readonly id: string | null; readonly replayed: boolean },
): BackfillPlanDto => ({
  id: started.id,
  replayed: started.replayed,
  project: schedule.project,
  dag: schedule.dag,
  schedule: schedule.name,
  timeZone: schedule.timeZone,
  maxParallel,
  runs: times.filter(({ runs }) => runs).length,
  times: times.map(({ at, runs, run }) => ({
    at: iso(at),
    runs,
    runId: run?.runId ?? null,
    runState: run?.state ?? null,
  })),
});
