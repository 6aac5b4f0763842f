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
import { textArrayOrNull } from '../../connection/literals.ts';
import type { Parameter, Sql } from '../../connection/sql.ts';

type RunRow = Omit<DagRunRecord, 'outputs' | 'message' | 'open'> & { readonly progress: RunProgress };

const runColumns = `r.id, d.project, d.name as dag, r.version, r.state, r.inputs, r.progress, r.stopping,
  r.created_at as "createdAt", r.created_by as "createdBy", r.reason, r.started_at as "startedAt",
  r.finished_at as "finishedAt", r.deadline_at as "deadlineAt", r.paused_at as "pausedAt",
  r.cancel_requested_at as "cancelRequestedAt", r.retry_of as "retryOf"`;

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
  const text = `select ${runColumns} from dag_runs r join dags d on d.id = r.dag_id ${rest}`;
  return (await sql.run<RunRow & Record<string, unknown>>({ text }, parameters)).map(toRun);
};

/** A run; null where there is none. */
export const readRun = async (sql: Sql, id: DagRunId): Promise<DagRunRecord | null> =>
  (await runs(sql, 'where r.id = $1', [id]))[0] ?? null;

/** Runs below `after`, newest first. */
export const listRuns = (
  sql: Sql,
  { project, dag, states }: DagRunFilter,
  after: string | null,
  limit: number,
): Promise<readonly DagRunRecord[]> =>
  runs(
    sql,
    `where ($1::text is null or d.project = $1) and ($2::text is null or d.name = $2)
       and ($3::text[] is null or r.state = any($3)) and ($4::uuid is null or r.id < $4)
     order by r.id desc limit $5`,
    [project, dag, textArrayOrNull(states), after, limit],
  );

/** Ids that begin or end so, newest first. */
export const findRunIds = async (sql: Sql, part: string, limit: number): Promise<readonly DagRunId[]> => {
  const text = `
select id from dag_runs
where left(id::text, length($1)) = $1 or right(id::text, length($1)) = $1 order by id desc limit $2`;
  return (await sql.run<{ id: string }>({ text }, [part, limit])).map(({ id }) => dagRunId(id));
};

type NodeRow = Omit<NodeRunRecord, 'item'> & { readonly item: number };

/** Node runs behind (node, item), in order. */
export const listNodeRuns = async (
  sql: Sql,
  run: DagRunId,
  [node, item]: readonly [number, number],
  limit: number,
): Promise<readonly NodeRunRecord[]> => {
  const text = `
select node, item, name, state, reason, message, job_id as "jobId", kept_from as "keptFrom", items,
  started_at as "startedAt", finished_at as "finishedAt"
from node_runs where run_id = $1 and (node, item) > ($2, $3) order by node, item limit $4`;
  const rows = await sql.run<NodeRow & Record<string, unknown>>({ text }, [run, node, item, limit]);
  return rows.map((row) => ({
    ...row,
    item: row.item < 0 ? null : row.item,
    jobId: row.jobId === null ? null : jobId(row.jobId),
  }));
};

/** What never changes of a run. */
export const readSetup = async (sql: Sql, id: DagRunId): Promise<DagRunSetup | null> => {
  const text = `
select r.id, d.project, d.name as dag, r.version, r.inputs, r.images, r.created_at as "createdAt",
  r.created_by as "createdBy"
from dag_runs r join dags d on d.id = r.dag_id where r.id = $1`;
  const [row] = await sql.run<DagRunSetup & Record<string, unknown>>({ text }, [id]);
  return row ?? null;
};
