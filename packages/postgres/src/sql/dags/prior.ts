import {
  nodeRunKey,
  type DagRunId,
  type EndedNode,
  type NodeRunPlace,
  type PriorEntry,
  type PriorItem,
  type PriorRun,
} from '@job-orchestrator/types';
import { plainArray } from '../../connection/literals.ts';
import type { Sql } from '../../connection/sql.ts';

/** The items of these nodes of an ended run, in order, with their values, but for those whose results are gone. */
export const readPriorLists = async (
  sql: Sql,
  run: DagRunId,
  nodes: readonly number[],
): Promise<ReadonlyMap<number, readonly PriorEntry[]>> => {
  const text = `
select node, value, json_build_object('run', coalesce(kept_from, run_id), 'job', job_id, 'child', child_run_id,
  'reason', case when state = 'completed' then reason end, 'state', state) as prior
from node_runs n
where run_id = $1 and node = any($2::integer[]) and item >= 0
  and (job_id is null or exists (select from finished_jobs where id = n.job_id))
  and (child_run_id is null or exists (select from dag_runs where id = n.child_run_id))
order by node, item`;
  const rows = await sql.run<PriorEntry & { node: number } & Record<string, unknown>>({ text }, [
    run,
    plainArray(nodes),
  ]);
  const lists = new Map<number, PriorEntry[]>(nodes.map((node) => [node, []]));
  for (const { node, value, prior } of rows) lists.get(node)!.push({ value, prior });
  return lists;
};

/** What was noted of these items when their node's items became known. */
export const readPriors = async (
  sql: Sql,
  run: DagRunId,
  places: readonly NodeRunPlace[],
): Promise<ReadonlyMap<string, PriorItem | null>> => {
  const text = `
select n.node, n.item, n.prior from unnest($2::integer[], $3::integer[]) as x (node, item)
cross join lateral (
  select node, item, prior from node_runs where run_id = $1 and node = x.node and item = x.item limit 1) n`;
  const rows = await sql.run<{ node: number; item: number; prior: PriorItem | null }>(
    { name: 'dag_read_priors', text },
    [run, plainArray(places.map(({ node }) => node)), plainArray(places.map(({ item }) => item ?? -1))],
  );
  const found = new Map<string, PriorItem | null>(places.map((place) => [nodeRunKey(place), null]));
  for (const { prior, ...place } of rows) found.set(nodeRunKey(place), prior);
  return found;
};

type PriorRunRow = Omit<PriorRun, 'nodes'>;

/** Runs of sub-DAGs that have ended, with their graphs, but without their nodes. */
export const readPriorRuns = (sql: Sql, runs: readonly DagRunId[]): Promise<readonly PriorRunRow[]> => {
  const text = `
select r.id, d.name as dag, r.version, r.state, r.inputs, v.graph
from dag_runs r join dags d on d.id = r.dag_id join dag_versions v on v.dag_id = r.dag_id and v.version = r.version
where r.id = any($1::uuid[]) and r.finished_at is not null`;
  return sql.run<PriorRunRow & Record<string, unknown>>({ text }, [plainArray(runs)]);
};

/** How the nodes of these runs ended, by run, in order of index. */
export const readPriorNodes = async (
  sql: Sql,
  runs: readonly DagRunId[],
): Promise<ReadonlyMap<DagRunId, readonly EndedNode[]>> => {
  const text = `
select run_id as run, state, reason, items, child_run_id as "childRun"
from node_runs where run_id = any($1::uuid[]) and item = -1 order by run_id, node`;
  const rows = await sql.run<EndedNode & { run: DagRunId } & Record<string, unknown>>({ text }, [
    plainArray(runs),
  ]);
  const nodes = new Map<DagRunId, EndedNode[]>(runs.map((run) => [run, []]));
  for (const { run, ...node } of rows) nodes.get(run)!.push(node);
  return nodes;
};
