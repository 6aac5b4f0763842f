import {
  dagRunId,
  jobId,
  type DagRunFilter,
  type DagRunId,
  type DagRunRecord,
  type DagRunSetup,
  type NodeRunRecord,
  type RunProgress,
} from '@job-orchestrator/types';
import { liveState } from '../cancel-job.ts';
import { textArrayOrNull } from '../../connection/literals.ts';
import { onlyRow, type Parameter, type Sql } from '../../connection/sql.ts';
import { approvalJson, toApproval, type ApprovalJson } from './approvals.ts';

type RunRow = Omit<DagRunRecord, 'outputs' | 'message' | 'open'> & { readonly progress: RunProgress };

const parent = `
case when r.parent_run_id is not null then json_build_object('run', r.parent_run_id,
  'name', (select name from node_runs where run_id = r.parent_run_id and node = r.parent_node and item = -1),
  'item', nullif(r.parent_item, -1)) end as parent`;

const runColumns = `r.id, d.project, d.name as dag, r.version, r.state, r.inputs, r.progress, r.stopping,
  r.created_at as "createdAt", r.created_by as "createdBy", r.reason, r.started_at as "startedAt",
  r.finished_at as "finishedAt", r.deadline_at as "deadlineAt", r.paused_at as "pausedAt",
  r.cancel_requested_at as "cancelRequestedAt", r.retry_of as "retryOf", ${parent},
  s.name as schedule, r.scheduled_at as "scheduledAt", r.backfill_id as "backfillId",
  r.held_topic as "heldTopic"`;

const toRun = ({ progress, ...row }: RunRow): DagRunRecord => ({
  ...row,
  outputs: progress.outputs,
  message: progress.message,
  open: progress.open + progress.openFinal,
});

const runs = async (
  sql: Sql,
  rest: string,
  parameters: readonly Parameter[],
): Promise<readonly DagRunRecord[]> => {
  const text = `select ${runColumns} from dag_runs r join dags d on d.id = r.dag_id
left join schedules s on s.id = r.schedule_id ${rest}`;
  return (await sql.run<RunRow & Record<string, unknown>>({ text }, parameters)).map(toRun);
};

/** A run; null where there is none. */
export const readRun = async (sql: Sql, id: DagRunId): Promise<DagRunRecord | null> =>
  (await runs(sql, 'where r.id = $1', [id]))[0] ?? null;

/** Runs below `after`, newest first. */
export const listRuns = (
  sql: Sql,
  { project, dag, states, parent: of }: DagRunFilter,
  after: string | null,
  limit: number,
): Promise<readonly DagRunRecord[]> =>
  runs(
    sql,
    `where ($1::text is null or d.project = $1) and ($2::text is null or d.name = $2)
       and ($3::text[] is null or r.state = any($3)) and ($4::uuid is null or r.id < $4)
       and case $5 when 'any' then true when 'top' then r.parent_run_id is null else r.parent_run_id = $6::uuid end
     order by r.id desc limit $7`,
    [project, dag, textArrayOrNull(states), after, of, of === 'any' || of === 'top' ? null : of, limit],
  );

/** Ids that begin or end so, newest first. */
export const findRunIds = async (sql: Sql, part: string, limit: number): Promise<readonly DagRunId[]> => {
  const text = `
select id from dag_runs
where left(id::text, length($1)) = $1 or right(id::text, length($1)) = $1 order by id desc limit $2`;
  return (await sql.run<{ id: string }>({ text }, [part, limit])).map(({ id }) => dagRunId(id));
};

type NodeRow = Omit<NodeRunRecord, 'item' | 'approval'> & {
  readonly item: number;
  readonly approval: ApprovalJson | null;
};

const nodeRuns = async (
  sql: Sql,
  condition: string,
  parameters: readonly Parameter[],
): Promise<readonly NodeRunRecord[]> => {
  const text = `
select n.node, n.item, n.name, n.state, n.reason, n.message, n.job_id as "jobId", job.state as "jobState",
  job.attempt, job."attemptStartedAt", job."attemptFinishedAt", n.child_run_id as "childRun", ${approvalJson}, n.kept_from as "keptFrom", n.again, n.items,
  n.started_at as "startedAt", n.finished_at as "finishedAt"
from node_runs n
left join dag_approvals a on a.run_id = coalesce(n.kept_from, n.run_id) and a.node = n.node and n.item = -1
  and n.job_id is null
left join lateral (
  select ${liveState} as state, j.attempt, j.started_at as "attemptStartedAt", null as "attemptFinishedAt"
  from jobs j where j.id = n.job_id
  union all select f.state, f.attempt, f.started_at, f.attempt_finished_at
  from finished_jobs f where f.id = n.job_id limit 1) job on true
where n.run_id = $1 and (n.node, n.item) > ($2, $3) ${condition} order by n.node, n.item limit $4`;
  const rows = await sql.run<NodeRow & Record<string, unknown>>({ text }, parameters);
  return rows.map((row) => ({
    ...row,
    item: row.item < 0 ? null : row.item,
    jobId: row.jobId === null ? null : jobId(row.jobId),
    approval: row.approval === null ? null : toApproval(row.approval),
  }));
};

/** Node runs behind (node, item), in order. */
export const listNodeRuns = (
  sql: Sql,
  run: DagRunId,
  [node, item]: readonly [number, number],
  limit: number,
): Promise<readonly NodeRunRecord[]> => nodeRuns(sql, '', [run, node, item, limit]);

/** Of those behind (node, item) the ones that are out or that ended at `since` or later; without items that wait. */
export const listNodeNews = (
  sql: Sql,
  run: DagRunId,
  [node, item]: readonly [number, number],
  limit: number,
  since: Date,
): Promise<readonly NodeRunRecord[]> =>
  nodeRuns(
    sql,
    `and (n.finished_at >= $5::timestamptz or n.finished_at is null and n.state <> 'waiting' and (n.item < 0 or n.state <> 'ready'))`,
    [run, node, item, limit, since.toISOString()],
  );

/** When the last of a run's node runs to end did; null: none has ended. */
export const lastNodeEnd = async (sql: Sql, run: DagRunId): Promise<Date | null> => {
  const text = 'select max(finished_at) as at from node_runs where run_id = $1';
  return onlyRow(await sql.run<{ at: Date | null }>({ text }, [run])).at;
};

/** What never changes of a run. */
export const readSetup = async (sql: Sql, id: DagRunId): Promise<DagRunSetup | null> => {
  const text = `
select r.id, d.project, d.name as dag, r.version, r.inputs, r.images, r.pins, r.depth, r.no_cache as "noCache", r.repair,
  r.scheduled_at as "scheduledAt", r.created_at as "createdAt", r.created_by as "createdBy", coalesce(p.profiles, '[]'::json) as profiles
from dag_runs r join dags d on d.id = r.dag_id left join dag_run_profiles p on p.run_id = coalesce(r.top_run_id, r.id)
where r.id = $1`;
  const [row] = await sql.run<DagRunSetup & Record<string, unknown>>({ text }, [id]);
  return row ?? null;
};
