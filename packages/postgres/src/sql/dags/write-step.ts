import type { AdvancePlan, DagRunId, JsonValue, NewNodeWork, RunProgress } from '@job-orchestrator/types';
import { jsonText, plainArray, textArray } from '../../connection/literals.ts';
import { onlyRow, type Sql } from '../../connection/sql.ts';

type Plan = AdvancePlan<NewNodeWork>;

/** A difference means that somebody wrote node runs without the lock of their run: nothing is stored then. */
const account = (what: string, expected: number, changed: number): void => {
  if (expected !== changed) throw new Error(`${what}: changed ${changed} of ${expected} node runs`);
};

const counted = async (sql: Sql, text: string, parameters: Parameters<Sql['run']>[1]): Promise<number> =>
  onlyRow(
    await sql.run<{ changed: number }>(
      { text: `with changed as (${text} returning 1) select count(*)::integer as changed from changed` },
      parameters,
    ),
  ).changed;

/** Stores what changed of nodes. */
export const updateNodes = async (sql: Sql, run: DagRunId, nodes: Plan['nodes']): Promise<void> => {
  const all = [...nodes];
  const each = <T>(pick: (node: (typeof all)[number][1]) => T): T[] => all.map(([, node]) => pick(node));
  const changed = await counted(
    sql,
    `
update node_runs n set state = x.state, reason = x.reason, message = x.message, parents_completed = x.completed,
  parents_failed = x.failed, parents_skipped = x.skipped, items = x.items::json, stopping = x.stopping,
  startable = x.startable, gate = x.gate,
  started_at = case when x.state = 'running' then coalesce(n.started_at, clock_timestamp()) else n.started_at end,
  finished_at = case when x.state in ('completed', 'failed', 'skipped', 'cancelled') then clock_timestamp() end
from unnest($2::integer[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::integer[], $8::integer[], $9::text[],
            $10::boolean[], $11::boolean[], $12::integer[])
  as x (node, state, reason, message, completed, failed, skipped, items, stopping, startable, gate)
where n.run_id = $1 and n.item = -1 and n.node = x.node`,
    [
      run,
      plainArray(all.map(([node]) => node)),
      textArray(each(({ state }) => state)),
      textArray(each(({ reason }) => reason)),
      textArray(each(({ message }) => message)),
      plainArray(each(({ parents }) => parents.completed)),
      plainArray(each(({ parents }) => parents.failed)),
      plainArray(each(({ parents }) => parents.skipped)),
      textArray(each(({ items }) => jsonText(items))),
      plainArray(each(({ stopping }) => stopping)),
      plainArray(each(({ startable }) => startable)),
      plainArray(each(({ gate }) => gate)),
    ],
  );
  account('a step', all.length, changed);
};

/** Makes a row for each item of a node. */
export const insertItems = async (
  sql: Sql,
  run: DagRunId,
  node: number,
  values: readonly JsonValue[],
): Promise<void> => {
  const text = `
insert into node_runs (run_id, node, item, name, state, value)
select $1, $2, x.item - 1, n.name, 'ready', x.value::json
from unnest($3::text[]) with ordinality as x (value, item)
cross join (select name from node_runs where run_id = $1 and node = $2 and item = -1) n`;
  await sql.run({ text }, [run, node, textArray(values.map((value) => JSON.stringify(value)))]);
};

/** Notes which job, or which run of a sub-DAG, each started node run has. Each started once: it had none. */
export const recordStarts = async (sql: Sql, run: DagRunId, starts: Plan['starts']): Promise<void> => {
  const changed = await counted(
    sql,
    `
update node_runs n set job_id = x.job, child_run_id = x.child, state = 'running',
  started_at = coalesce(n.started_at, clock_timestamp())
from unnest($2::integer[], $3::integer[], $4::uuid[], $5::uuid[]) as x (node, item, job, child)
where n.run_id = $1 and n.node = x.node and n.item = x.item and n.job_id is null and n.child_run_id is null`,
    [
      run,
      plainArray(starts.map(({ node }) => node)),
      plainArray(starts.map(({ item }) => item ?? -1)),
      plainArray(starts.map(({ work }) => (work.kind === 'job' ? work.job.id : null))),
      plainArray(starts.map(({ work }) => (work.kind === 'dag' ? work.run.id : null))),
    ],
  );
  account('starts', starts.length, changed);
};

/** Stores how items ended. */
export const recordItemEnds = async (sql: Sql, run: DagRunId, ends: Plan['itemEnds']): Promise<void> => {
  const changed = await counted(
    sql,
    `
update node_runs n set state = x.state, reason = x.reason, message = x.message, finished_at = clock_timestamp()
from unnest($2::integer[], $3::integer[], $4::text[], $5::text[], $6::text[]) as x (node, item, state, reason, message)
where n.run_id = $1 and n.node = x.node and n.item = x.item and n.finished_at is null`,
    [
      run,
      plainArray(ends.map(({ node }) => node)),
      plainArray(ends.map(({ item }) => item)),
      textArray(ends.map(({ state }) => state)),
      textArray(ends.map(({ reason }) => reason)),
      textArray(ends.map(({ message }) => message)),
    ],
  );
  account('ends of items', ends.length, changed);
};

/** Items from `from` on never start. */
export const cancelItems = async (
  sql: Sql,
  run: DagRunId,
  { node, from, reason }: Plan['itemsCancelled'][number],
): Promise<void> => {
  const text = `
update node_runs set state = 'cancelled', reason = $4, finished_at = clock_timestamp()
where run_id = $1 and node = $2 and item >= $3 and state = 'ready'`;
  await sql.run({ text }, [run, node, from, reason]);
};

/** Marks running node runs whose jobs and sub-DAGs are to be cancelled: these nodes, or all from one index to another. */
export const stopNodeRuns = async (
  sql: Sql,
  run: DagRunId,
  nodes: readonly number[],
  [from, to]: readonly [number, number],
): Promise<void> => {
  const text = `
update node_runs set stopping = true
where run_id = $1 and state = 'running' and (job_id is not null or child_run_id is not null) and not stopping
  and (node = any($2::integer[]) or node >= $3 and node < $4)`;
  await sql.run({ text }, [run, plainArray(nodes), from, to]);
};

/** Stores what the planner keeps of the run. */
export const updateRun = async (sql: Sql, run: DagRunId, progress: RunProgress): Promise<void> => {
  const text = `
update dag_runs set progress = $2::json, state = $3, stopping = $4, node_runs = $5,
  started_at = coalesce(started_at, clock_timestamp()),
  finished_at = case when $3 in ('completed', 'failed', 'cancelled') then clock_timestamp() end
where id = $1`;
  await sql.run({ name: 'dag_update_run', text }, [
    run,
    JSON.stringify(progress),
    progress.state,
    progress.stopping,
    progress.nodeRuns,
  ]);
};

/** Notes which full topic holds a run back; null: none. */
export const holdRun = async (sql: Sql, run: DagRunId, topic: string | null): Promise<void> => {
  const text = 'update dag_runs set held_topic = $2 where id = $1';
  await sql.run({ name: 'dag_hold_run', text }, [run, topic]);
};
