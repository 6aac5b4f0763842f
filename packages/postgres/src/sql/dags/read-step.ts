import {
  limits,
  type DagRunId,
  type ItemCounts,
  type ItemRange,
  type JsonObject,
  type JsonValue,
  type NodeProgress,
  type NodeReason,
  type NodeRunState,
  type PlanRequest,
  type PlanView,
} from '@job-orchestrator/types';
import { plainArray } from '../../connection/literals.ts';
import type { Parameter, Sql } from '../../connection/sql.ts';

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

/** The first nodes of each group that could start and are not held back. */
export const readStartable = async (
  sql: Sql,
  run: DagRunId,
  { startable, held }: Pick<PlanRequest, 'startable' | 'held'>,
): Promise<readonly number[]> => {
  const text = `
select s.node from unnest($2::integer[], $3::integer[]) as g (gate, most)
cross join lateral (
  (select node from node_runs where run_id = $1 and startable and gate = g.gate and node <> all($4::integer[])
   order by node limit g.most)
  union all
  (select node from node_runs where run_id = $1 and startable and gate is null and g.gate is null
     and node <> all($4::integer[])
   order by node limit g.most)) s`;
  const rows = await sql.run<{ node: number }>({ name: 'dag_read_startable', text }, [
    run,
    plainArray(startable.map(({ group }) => group)),
    plainArray(startable.map(({ limit }) => limit)),
    plainArray(held),
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

/** What expressions read of an answered approval; one that ends in this very step because nobody answered has no answer yet. */
const approvalOutput = `
select json_build_object('decision', case state when 'waiting' then 'timed_out' else state end, 'by', answered_by,
  'note', note, 'at', to_char(coalesce(answered_at, expires_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
from dag_approvals where run_id = coalesce(n.kept_from, n.run_id) and node = n.node`;

interface OutputRow {
  readonly node: number;
  readonly item: number;
  readonly output: JsonValue;
  /** Of all items of the node. */
  readonly bytes: number;
}

const outputRows = (sql: Sql, run: DagRunId, wanted: Iterable<number>): Promise<readonly OutputRow[]> => {
  const text = `
select node, item, bytes, case when bytes <= $3 then output end as output
from (
  select node, item, output, coalesce(sum(octet_length(output::text)) over (partition by node), 0)::float8 as bytes
  from (
    select n.node, n.item, case
        when n.state in ('failed', 'cancelled', 'skipped') and coalesce(n.job_id, n.child_run_id) is not null then null
        when n.job_id is not null then (select output from finished_jobs where id = n.job_id limit 1)
        when n.child_run_id is not null then (select progress -> 'outputs' from dag_runs where id = n.child_run_id)
        else (${approvalOutput}) end as output
    from node_runs n
    where n.run_id = $1 and n.node = any($2::integer[])) found) counted
order by node, item`;
  return sql.run<OutputRow & Record<string, unknown>>({ text }, [
    run,
    plainArray([...wanted]),
    limits.dag.readBytes,
  ]);
};

/**
 * What these nodes gave; for nodes with items, the list of what these gave. Where that is more than may be read, how many
 * bytes it is: whoever read it would need as much memory several times. What a node run gave that has failed is nothing:
 * it may have missed its schema.
 */
export const readOutputs = async (
  sql: Sql,
  run: DagRunId,
  wanted: Iterable<number>,
): Promise<Required<Pick<PlanView, 'outputs' | 'largeOutputs'>>> => {
  const outputs = new Map<number, JsonObject | (JsonObject | null)[]>();
  const largeOutputs = new Map<number, number>();
  for (const { node, item, output, bytes } of await outputRows(sql, run, wanted)) {
    const list = outputs.get(node);
    if (bytes > limits.dag.readBytes) largeOutputs.set(node, bytes);
    if (item < 0) outputs.set(node, asObject(output) ?? {});
    else if (Array.isArray(list)) list.push(asObject(output));
    else outputs.set(node, [asObject(output)]);
  }
  return { outputs, largeOutputs };
};
