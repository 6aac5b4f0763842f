import {
  nodeRunKey,
  type DagRunId,
  type JobId,
  type NodeJobEnd,
  type Reusable,
  type ReuseRequest,
} from '@job-orchestrator/types';
import { plainArray, textArray } from '../../connection/literals.ts';
import type { Sql } from '../../connection/sql.ts';

interface FoundRow {
  readonly node: number;
  readonly item: number;
  readonly run: DagRunId;
  readonly job: JobId;
}

/**
 * The newest results of node runs that did the same, where they are young enough and their jobs are kept. Age and job are
 * asked only of the newest: asked of all, every result with the key was read and sorted. Where the newest job is gone,
 * with the history of its month, so are older ones.
 */
export const findReusable = async (
  sql: Sql,
  requests: readonly ReuseRequest[],
): Promise<ReadonlyMap<string, Reusable | null>> => {
  const text = `
select x.node, x.item, n.run_id as run, n.job_id as job
from unnest($1::integer[], $2::integer[], $3::text[], $4::integer[]) as x (node, item, key, age)
cross join lateral (
  select run_id, job_id, finished_at from node_runs
  where cache_key = x.key and cache_key is not null and state = 'completed' and kept_from is null
  order by finished_at desc limit 1) n
where (x.age is null or n.finished_at > clock_timestamp() - x.age * interval '1 second')
  and (select f.state from finished_jobs f where f.id = n.job_id limit 1) = 'completed'`;
  const rows = await sql.run<FoundRow & Record<string, unknown>>({ name: 'dag_find_reusable', text }, [
    plainArray(requests.map(({ node }) => node)),
    plainArray(requests.map(({ item }) => item ?? -1)),
    textArray(requests.map(({ cacheKey }) => cacheKey)),
    plainArray(requests.map(({ maxAgeSeconds }) => maxAgeSeconds)),
  ]);
  const found = new Map<string, Reusable | null>(requests.map((request) => [nodeRunKey(request), null]));
  for (const { node, item, run, job } of rows)
    found.set(`${node} ${item}`, { run, job, child: null, reason: 'cached' });
  return found;
};

/**
 * The ends of node runs that took the result of another. A result that was removed meanwhile, with the history of its
 * month, is no output: the node fails where it declares one.
 */
export const readReusedEnds = async (sql: Sql, run: DagRunId): Promise<readonly NodeJobEnd[]> => {
  const text = `
select n.node, n.item, 'completed' as state, null as message, n.reason,
  case when n.job_id is not null then (select output from finished_jobs where id = n.job_id limit 1)
    else (select progress -> 'outputs' from dag_runs where id = n.child_run_id) end as output
from node_runs n
where n.run_id = $1 and n.kept_from is not null and n.state = 'running' order by n.node, n.item`;
  const rows = await sql.run<NodeJobEnd & { item: number } & Record<string, unknown>>(
    { name: 'dag_read_reused_ends', text },
    [run],
  );
  return rows.map((row) => ({ ...row, item: row.item < 0 ? null : row.item }));
};
