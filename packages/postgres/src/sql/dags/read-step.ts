import type {
  DagRunId,
  ItemCounts,
  ItemRange,
  JsonObject,
  JsonValue,
  NodeJobEnd,
  NodeOutputs,
  NodeProgress,
  NodeReason,
  NodeRunState,
  PlanRequest,
  RunProgress,
} from '@job-orchestrator/types';
import { plainArray } from '../../connection/literals.ts';
import type { Parameter, Sql } from '../../connection/sql.ts';

/** A locked run. */
export interface LockedRun {
  readonly progress: RunProgress;
  readonly paused: boolean;
  readonly cancel: boolean;
  readonly cancelFinal: boolean;
  readonly overdue: boolean;
  readonly ended: boolean;
}

/** Locks a run; null while another session holds it, or where there is none. */
export const lockRun = async (sql: Sql, run: DagRunId): Promise<LockedRun | null> => {
  const text = `
select progress, paused_at is not null as paused, cancel_requested_at is not null as cancel,
  cancel_final as "cancelFinal", deadline_at <= clock_timestamp() as overdue, finished_at is not null as ended
from dag_runs where id = $1 for update skip locked`;
  const [row] = await sql.run<LockedRun & Record<string, unknown>>({ name: 'dag_lock_run', text }, [run]);
  return row ?? null;
};

/** How the jobs of these marks ended. Read after the marks were taken: a younger snapshot sees every end that left one. */
export const readEnds = async (
  sql: Sql,
  run: DagRunId,
  jobs: readonly string[],
): Promise<readonly NodeJobEnd[]> => {
  const text = `
select n.node, n.item, f.state, f.failure ->> 'message' as message, f.output
from node_runs n cross join lateral (
  select state, failure, output from finished_jobs where id = n.job_id limit 1) f
where n.run_id = $1 and n.job_id = any($2::uuid[]) and n.kept_from is null and n.state = 'running'
order by n.node, n.item`;
  const rows = await sql.run<NodeJobEnd & { item: number } & Record<string, unknown>>(
    { name: 'dag_read_ends', text },
    [run, plainArray(jobs)],
  );
  return rows.map((row) => ({ ...row, item: row.item < 0 ? null : row.item }));
};

interface NodeRow {
  readonly node: number;
  readonly state: NodeRunState;
  readonly reason: NodeReason | null;
  readonly message: string | null;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly items: ItemCounts | null;
  readonly stopping: boolean;
}

const nodeColumns = `node, state, reason, message, parents_completed as completed, parents_failed as failed,
  parents_skipped as skipped, items, stopping`;

const nodes = async (
  sql: Sql,
  name: string,
  condition: string,
  parameters: readonly Parameter[],
): Promise<ReadonlyMap<number, NodeProgress>> => {
  const text = `select ${nodeColumns} from node_runs where run_id = $1 and item = -1 ${condition}`;
  const rows = await sql.run<NodeRow & Record<string, unknown>>({ name, text }, parameters);
  return new Map(
    rows.map(({ node, completed, failed, skipped, ...row }) => [
      node,
      { ...row, parents: { completed, failed, skipped } },
    ]),
  );
};

/** These nodes of a run. */
export const readNodes = (sql: Sql, run: DagRunId, wanted: Iterable<number>) =>
  nodes(sql, 'dag_read_nodes', 'and node = any($2::integer[])', [run, plainArray([...wanted])]);

/** Every node of a run. */
export const readAllNodes = (sql: Sql, run: DagRunId) => nodes(sql, 'dag_read_all_nodes', '', [run]);

/** The first nodes of each group that could start. */
export const readStartable = async (
  sql: Sql,
  run: DagRunId,
  groups: PlanRequest['startable'],
): Promise<readonly number[]> => {
  const text = `
select s.node from unnest($2::integer[], $3::integer[]) as g (gate, most)
cross join lateral (
  select node from node_runs where run_id = $1 and startable and gate is not distinct from g.gate
  order by node limit g.most) s`;
  const rows = await sql.run<{ node: number }>({ text }, [
    run,
    plainArray(groups.map(({ group }) => group)),
    plainArray(groups.map(({ limit }) => limit)),
  ]);
  return rows.map(({ node }) => node);
};

/** The values of items that have not started, by item. */
export const readItems = async (
  sql: Sql,
  run: DagRunId,
  { node, from, count }: ItemRange,
): Promise<ReadonlyMap<number, JsonValue>> => {
  const text = `
select item, value from node_runs where run_id = $1 and node = $2 and item >= $3 order by item limit $4`;
  const rows = await sql.run<{ item: number; value: JsonValue }>({ text }, [run, node, from, count]);
  return new Map(rows.map(({ item, value }) => [item, value]));
};

const asObject = (output: JsonValue): JsonObject | null =>
  typeof output === 'object' && output !== null && !Array.isArray(output) ? (output as JsonObject) : null;

/** What the jobs of these nodes gave; for nodes with items, the list of what these gave. */
export const readOutputs = async (
  sql: Sql,
  run: DagRunId,
  wanted: Iterable<number>,
): Promise<ReadonlyMap<number, NodeOutputs>> => {
  const text = `
select n.node, n.item, f.output from node_runs n
left join lateral (select output from finished_jobs where id = n.job_id limit 1) f on true
where n.run_id = $1 and n.node = any($2::integer[]) order by n.node, n.item`;
  const rows = await sql.run<{ node: number; item: number; output: JsonValue }>({ text }, [
    run,
    plainArray([...wanted]),
  ]);
  const outputs = new Map<number, JsonObject | (JsonObject | null)[]>();
  for (const { node, item, output } of rows) {
    const list = outputs.get(node);
    if (item < 0) outputs.set(node, asObject(output) ?? {});
    else if (Array.isArray(list)) list.push(asObject(output));
    else outputs.set(node, [asObject(output)]);
  }
  return outputs;
};
