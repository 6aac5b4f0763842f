import {
  shortId,
  spanText,
  type ApprovalFacts,
  type DagRunId,
  type NodeJobEnd,
  type RunStop,
} from '@job-orchestrator/types';
import { plainArray } from '../../connection/literals.ts';
import type { Sql } from '../../connection/sql.ts';

/** How the jobs of these marks ended. Read after the marks were taken: a younger snapshot sees every end that left one. */
export const readEnds = async (
  sql: Sql,
  run: DagRunId,
  jobs: readonly string[],
): Promise<readonly NodeJobEnd[]> => {
  const text = `
select n.node, n.item, f.state, f.failure ->> 'message' as message, f.output
from unnest($2::uuid[]) as m (job) cross join lateral (
  select run_id, node, item, state, job_id from node_runs where job_id = m.job and kept_from is null limit 1) n
cross join lateral (select state, failure, output from finished_jobs where id = n.job_id limit 1) f
where n.run_id = $1 and n.state = 'running' order by n.node, n.item`;
  const rows = await sql.run<NodeJobEnd & { item: number } & Record<string, unknown>>(
    { name: 'dag_read_ends', text },
    [run, plainArray(jobs)],
  );
  return rows.map((row) => ({ ...row, item: row.item < 0 ? null : row.item }));
};

interface ChildEndRow extends Omit<NodeJobEnd, 'item'>, ChildEnd {
  readonly item: number;
}

interface ChildEnd {
  readonly child: string;
  readonly dag: string;
  readonly stopping: RunStop | null;
  readonly message: string | null;
  readonly failedNode: string | null;
  readonly nodeMessage: string | null;
  readonly deadlineSeconds: number;
}

const childMessage = (state: string, child: ChildEnd): string => {
  const { stopping, message, failedNode, nodeMessage, deadlineSeconds } = child;
  const what = `run ${shortId(child.child)} of DAG ${child.dag} ${state === 'failed' ? 'failed' : 'was cancelled'}`;
  if (message !== null) return `${what}: ${message}`;
  if (stopping === 'deadline') return `${what}: its deadline of ${spanText(deadlineSeconds)} passed`;
  if (failedNode === null) return what;
  return `${what} at node ${failedNode}${nodeMessage === null ? '' : `: ${nodeMessage}`}`;
};

/** How the runs of these sub-DAGs ended; a failed one names its first failed node. */
export const readChildEnds = async (
  sql: Sql,
  run: DagRunId,
  children: readonly string[],
): Promise<readonly NodeJobEnd[]> => {
  const text = `
select n.node, n.item, r.id as child, d.name as dag, r.state, r.stopping, r.progress ->> 'message' as message,
  r.progress -> 'outputs' as output, f.name as "failedNode", f.message as "nodeMessage",
  extract(epoch from r.deadline_at - r.created_at)::float8 as "deadlineSeconds"
from node_runs n join dag_runs r on r.id = n.child_run_id join dags d on d.id = r.dag_id
left join lateral (
  select name, message from node_runs where run_id = r.id and item = -1 and state = 'failed' and r.state = 'failed'
  order by finished_at, node limit 1) f on true
where n.run_id = $1 and n.child_run_id = any($2::uuid[]) and n.kept_from is null and n.state = 'running'
  and r.finished_at is not null
order by n.node, n.item`;
  const rows = await sql.run<ChildEndRow & Record<string, unknown>>({ text }, [run, plainArray(children)]);
  return rows.map(({ node, item, state, output, ...child }) => ({
    node,
    item: item < 0 ? null : item,
    state,
    output,
    message: state === 'completed' ? null : childMessage(state, child),
  }));
};

/** The approvals of a run that were answered or whose time is over, and that their nodes have not taken yet. */
export const readApprovals = async (sql: Sql, run: DagRunId): Promise<readonly ApprovalFacts[]> => {
  const text = `
select node, case when state = 'waiting' then null
    else json_build_object('answer', state, 'by', answered_by, 'note', note) end as decision,
  extract(epoch from expires_at)::float8 * 1000 as "expiresAt"
from dag_approvals
where run_id = $1 and ended_at is null and (state <> 'waiting' or expires_at <= clock_timestamp()) order by node`;
  return sql.run<ApprovalFacts & Record<string, unknown>>({ name: 'dag_read_approvals', text }, [run]);
};
