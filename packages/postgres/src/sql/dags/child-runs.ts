import type { DagRunId, KeptNodes, NewChildRun } from '@job-orchestrator/types';
import { plainArray, textArray } from '../../connection/literals.ts';
import { onlyRow, type Sql } from '../../connection/sql.ts';
import { repairText } from './start-run.ts';

/** The runs that one node of a run begins: all of the same version of one DAG. */
export interface Children {
  readonly parent: DagRunId;
  readonly node: number;
  readonly starts: readonly { readonly item: number | null; readonly run: NewChildRun }[];
  /** What the only one of them keeps of an earlier run. */
  readonly kept?: KeptNodes;
}

/** Stores the runs: their images, pins and person are those of the parent. Throws where the version is gone. */
export const insertChildRuns = async (sql: Sql, children: Children): Promise<void> => {
  const { parent, node, starts, kept } = children;
  const { dag, version, progress, deadlineSeconds } = starts[0]!.run;
  const text = `
with made as (
  insert into dag_runs (id, dag_id, version, state, inputs, images, pins, progress, node_runs, created_by, reason,
    deadline_at, parent_run_id, parent_node, parent_item, top_run_id, depth, no_cache,
    retry_of, repair)
  select x.id, d.id, $5, 'pending', x.inputs::json, p.images, p.pins, $6::json, $7, p.created_by, $8,
    clock_timestamp() + $9 * interval '1 second', p.id, $2, x.item, coalesce(p.top_run_id, p.id), p.depth + 1, p.no_cache,
    $12::uuid, $13::json
  from dag_runs p join dags own on own.id = p.dag_id join dags d on d.project = own.project and d.name = $4
  cross join unnest($3::uuid[], $10::integer[], $11::text[]) as x (id, item, inputs)
  where p.id = $1 returning 1
)
select count(*)::integer as made from made`;
  const { made } = onlyRow(
    await sql.run<{ made: number }>({ text }, [
      parent,
      node,
      plainArray(starts.map(({ run }) => run.id)),
      dag,
      version,
      JSON.stringify(progress),
      progress.nodeRuns,
      `a node of DAG run ${parent}`,
      deadlineSeconds,
      plainArray(starts.map(({ item }) => item ?? -1)),
      textArray(starts.map(({ run }) => JSON.stringify(run.inputs))),
      kept?.run ?? null,
      repairText(kept?.repair),
    ]),
  );
  if (made !== starts.length) throw new Error(`${made} of ${starts.length} runs of DAG ${dag} were made`);
};

/** Node runs of the other runs under the same top run: a sum over all of them, so it is read only where it matters. */
export const otherNodeRuns = async (sql: Sql, run: DagRunId): Promise<number> => {
  const text = `
select (coalesce((select sum(o.node_runs) from dag_runs o
    where o.top_run_id = coalesce(r.top_run_id, r.id) and o.id <> r.id), 0)
  + coalesce((select t.node_runs from dag_runs t where t.id = r.top_run_id), 0))::integer as others
from dag_runs r where r.id = $1`;
  return onlyRow(await sql.run<{ others: number }>({ text }, [run])).others;
};

/** Makes a row for each node of these runs, from the graph that they have in common, and marks them as due. */
export const insertChildNodes = async (sql: Sql, children: readonly DagRunId[]): Promise<void> => {
  const text = `
with marked as (insert into dag_due (run_id) select unnest($1::uuid[]))
insert into node_runs (run_id, node, item, name, state)
select r.id, n.at - 1, -1, n.value ->> 'name', 'waiting'
from dag_runs r join dag_versions v on v.dag_id = r.dag_id and v.version = r.version
cross join json_array_elements(v.graph -> 'nodes') with ordinality as n (value, at)
where r.id = any($1::uuid[])`;
  await sql.run({ text }, [plainArray(children)]);
};

/**
 * Asks for the end of the sub-DAGs of node runs that are to be cancelled, and marks them: once, and once more when their
 * parent is cancelled a second time. One whose step holds it now is asked after that step.
 */
export const cancelChildRuns = async (sql: Sql, limit: number): Promise<number> => {
  const text = `
with due as (
  select c.id, p.cancel_final as final,
    'the run that it is part of stops' || coalesce(' (' || (p.progress ->> 'stopText') || ')', '') as reason
  from node_runs n join dag_runs c on c.id = n.child_run_id join dag_runs p on p.id = n.run_id
  where n.stopping and n.state = 'running' and c.finished_at is null
    and (c.cancel_requested_at is null or p.cancel_final and not c.cancel_final)
  order by c.id limit $1 for update of c skip locked
),
asked as (
  update dag_runs c set cancel_final = d.final, cancel_reason = coalesce(c.cancel_reason, d.reason),
    cancel_requested_at = coalesce(c.cancel_requested_at, clock_timestamp())
  from due d where c.id = d.id returning c.id
),
marked as (insert into dag_due (run_id) select id from asked returning 1)
select count(*)::integer as asked from marked`;
  return onlyRow(await sql.run<{ asked: number }>({ name: 'dag_cancel_children', text }, [limit])).asked;
};
