import type { DagRunId, RunProgress } from '@job-orchestrator/types';
import type { Sql } from '../../connection/sql.ts';

/** A locked run. */
export interface LockedRun {
  readonly progress: RunProgress;
  readonly paused: boolean;
  readonly cancel: boolean;
  readonly cancelReason: string | null;
  readonly cancelFinal: boolean;
  readonly overdue: boolean;
  readonly ended: boolean;
  readonly now: number;
  readonly heldTopic: string | null;
}

/** True for a run that is paused, or whose node is part of one that is. */
const isPaused = `
r.paused_at is not null or r.parent_run_id is not null and exists (
  with recursive above as (
    select parent_run_id, paused_at from dag_runs where id = r.parent_run_id
    union all
    select a.parent_run_id, a.paused_at from above join dag_runs a on a.id = above.parent_run_id
  ) select from above where paused_at is not null)`;

/** Locks a run; null while another session holds it, or where there is none. */
export const lockRun = async (sql: Sql, run: DagRunId): Promise<LockedRun | null> => {
  const text = `
select r.progress, ${isPaused} as paused, r.cancel_requested_at is not null as cancel,
  r.cancel_reason as "cancelReason",
  r.cancel_final as "cancelFinal", r.deadline_at <= clock_timestamp() as overdue, r.finished_at is not null as ended,
  extract(epoch from clock_timestamp())::float8 * 1000 as now,
  r.held_topic as "heldTopic"
from dag_runs r where r.id = $1 for update of r skip locked`;
  const [row] = await sql.run<LockedRun & Record<string, unknown>>({ name: 'dag_lock_run', text }, [run]);
  return row ?? null;
};
