import type { KeptNodes, NewDagRun, Repair, WriteContext } from '@job-orchestrator/types';
import { jsonText, plainArray, textArray } from '../../connection/literals.ts';
import type { Sql } from '../../connection/sql.ts';

/** As it is stored; null where there is nothing to take over. */
export const repairText = (repair: Repair | undefined): string | null => {
  const some = repair !== undefined && repair.items.length + Object.keys(repair.children).length > 0;
  return jsonText(some ? repair : null);
};

/** Stores the run; false when the version does not exist. One that runs parts of another again is for the same time. */
export const insertRun = async (
  sql: Sql,
  run: NewDagRun,
  { actor, reason }: WriteContext,
): Promise<boolean> => {
  const text = `
insert into dag_runs (id, dag_id, version, state, inputs, images, progress, created_by, reason, deadline_at, retry_of,
  pins, node_runs, schedule_id, scheduled_at, backfill_id, no_cache, repair)
select $1, d.id, $4, 'pending', $5::json, $6::json, $7::json, $8, $9,
  clock_timestamp() + $10 * interval '1 second', $11, $12::json, $13, coalesce($14, old.schedule_id),
  coalesce($15::timestamptz, old.scheduled_at), coalesce($16, old.backfill_id), $17, $18::json
from dags d left join dag_runs old on old.id = $11
where d.project = $2 and d.name = $3
returning 1`;
  const rows = await sql.run({ text }, [
    run.id,
    run.project,
    run.dag,
    run.version,
    JSON.stringify(run.inputs),
    JSON.stringify(run.images),
    JSON.stringify(run.progress),
    actor,
    reason,
    run.graph.deadlineSeconds,
    run.kept?.run ?? null,
    JSON.stringify(run.pins),
    run.progress.nodeRuns,
    run.scheduled?.scheduleId ?? null,
    run.scheduled?.at.toISOString() ?? null,
    run.scheduled?.backfillId ?? null,
    run.noCache ?? false,
    repairText(run.kept?.repair),
  ]);
  return rows.length === 1;
};

/** The rules of the profiles that a run's jobs come under. */
export const insertRunProfiles = async (sql: Sql, { id, profiles = [] }: NewDagRun): Promise<void> => {
  if (profiles.length === 0) return;
  const text = 'insert into dag_run_profiles (run_id, profiles) values ($1, $2::json)';
  await sql.run({ text }, [id, JSON.stringify(profiles)]);
};

/** Every node that is not kept, as it waits. */
export const insertNodeRuns = async (
  sql: Sql,
  { id, graph, parents, kept }: Pick<NewDagRun, 'id' | 'graph' | 'parents' | 'kept'>,
): Promise<void> => {
  const keep = new Set(kept?.nodes);
  const nodes = [...graph.nodes.keys()].filter((node) => !keep.has(node));
  const of = (kind: 'completed' | 'failed' | 'skipped') =>
    plainArray(nodes.map((node) => parents?.[node]?.[kind] ?? 0));
  const text = `
insert into node_runs (run_id, node, item, name, state, parents_completed, parents_failed, parents_skipped, again)
select $1, x.node, -1, x.name, 'waiting', x.completed, x.failed, x.skipped, x.again
from unnest($2::integer[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::text[])
  as x (node, name, completed, failed, skipped, again)`;
  await sql.run({ text }, [
    id,
    plainArray(nodes),
    textArray(nodes.map((node) => graph.nodes[node]!.name)),
    of('completed'),
    of('failed'),
    of('skipped'),
    textArray(nodes.map((node) => kept?.again.get(node) ?? null)),
  ]);
};

/** The ends of an earlier run's nodes, with their items: the new run has them as its own. */
export const copyNodeRuns = async (sql: Sql, run: string, kept: KeptNodes): Promise<void> => {
  const text = `
insert into node_runs (run_id, node, item, name, state, reason, message, job_id, child_run_id, kept_from, value,
  parents_completed, parents_failed, parents_skipped, items, started_at, finished_at)
select $1, node, item, name, state, reason, message, job_id, child_run_id, coalesce(kept_from, run_id), value,
  parents_completed, parents_failed, parents_skipped, items, started_at, finished_at
from node_runs where run_id = $2 and node = any($3::integer[])`;
  await sql.run({ text }, [run, kept.run, plainArray(kept.nodes)]);
};

/** Marks a run as due: people asked for something. */
export const markDue = async (sql: Sql, run: string): Promise<void> => {
  await sql.run({ name: 'dag_mark_due', text: 'insert into dag_due (run_id) values ($1)' }, [run]);
};
