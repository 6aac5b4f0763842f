import type {
  AdvancePlan,
  DagRunId,
  ExpandedNode,
  JsonValue,
  NewNodeWork,
  RunProgress,
} from '@job-orchestrator/types';
import { jsonText, plainArray, textArray } from '../../connection/literals.ts';
import { onlyRow, type Parameter, type Sql } from '../../connection/sql.ts';

type Plan = AdvancePlan<NewNodeWork>;

/** A difference means that somebody wrote node runs without the lock of their run: nothing is stored then. */
const account = (what: string, expected: number, changed: number): void => {
  if (expected !== changed) throw new Error(`${what}: changed ${changed} of ${expected} node runs`);
};

/*
 * None of these updates joins what it stores with `node_runs`. Right after a run of 10,000 nodes was stored, statistics
 * say that it has one: the join became a nested loop that compared 10,000 rows with 10,000, for minutes. Here each row
 * looks its values up by key in one JSON object, so that only the index scan is left to the planner.
 */

const counted = async (
  sql: Sql,
  name: string,
  text: string,
  parameters: readonly Parameter[],
): Promise<number> =>
  onlyRow(
    await sql.run<{ changed: number }>(
      {
        name,
        text: `with changed as (${text} returning 1) select count(*)::integer as changed from changed`,
      },
      parameters,
    ),
  ).changed;

/** Half of a surrogate pair, which an expression may cut off, is nothing that `jsonb` takes. */
const storable = (message: string | null): string | null => message?.toWellFormed() ?? null;

/** Stores what changed of nodes. */
export const updateNodes = async (sql: Sql, run: DagRunId, nodes: Plan['nodes']): Promise<void> => {
  const values = Object.fromEntries(
    [...nodes].map(([node, { parents, message, ...rest }]) => [
      node,
      { ...rest, ...parents, message: storable(message) },
    ]),
  );
  const changed = await counted(
    sql,
    'dag_update_nodes',
    `
update node_runs n set (state, reason, message, parents_completed, parents_failed, parents_skipped, items, stopping,
  startable, gate, started_at, finished_at) = (
  select x.state, x.reason, x.message, x.completed, x.failed, x.skipped, x.items, x.stopping, x.startable, x.gate,
    case when x.state = 'running' then coalesce(n.started_at, clock_timestamp()) else n.started_at end,
    case when x.state in ('completed', 'failed', 'skipped', 'cancelled') then clock_timestamp() end
  from jsonb_to_record((select $3::jsonb) -> n.node::text) as x (state text, reason text, message text,
    completed integer, failed integer, skipped integer, items json, stopping boolean, startable boolean, gate integer))
where n.run_id = $1 and n.item = -1 and n.node = any($2::integer[])`,
    [run, plainArray([...nodes.keys()]), JSON.stringify(values)],
  );
  account('a step', nodes.size, changed);
};

/** Makes a row for each item of a node. */
export const insertItems = async (
  sql: Sql,
  run: DagRunId,
  { node, values, priors = [] }: ExpandedNode,
): Promise<void> => {
  const text = `
insert into node_runs (run_id, node, item, name, state, value, prior)
select $1, $2, x.item - 1, n.name, 'ready', x.value::json, x.prior::json
from unnest($3::text[], $4::text[]) with ordinality as x (value, prior, item)
cross join (select name from node_runs where run_id = $1 and node = $2 and item = -1) n`;
  await sql.run({ text }, [
    run,
    node,
    textArray(values.map((value) => JSON.stringify(value))),
    textArray(priors.map(jsonText)),
  ]);
};

/** Values by node run, as `keyOf` in the statement finds them, and the index range that holds these node runs. */
const byNodeRun = <Item extends { readonly node: number; readonly item: number | null }>(
  items: readonly Item[],
  valueOf: (item: Item) => JsonValue,
): readonly Parameter[] => {
  const numbers = items.map(({ item }) => item ?? -1);
  return [
    plainArray([...new Set(items.map(({ node }) => node))]),
    numbers.reduce((least, item) => Math.min(least, item), 2 ** 31 - 1),
    numbers.reduce((most, item) => Math.max(most, item), -1),
    JSON.stringify(
      Object.fromEntries(items.map((item) => [`${item.node} ${item.item ?? -1}`, valueOf(item)])),
    ),
  ];
};

const keyOf = `(n.node || ' ' || n.item)`;
const amongNodeRuns = `n.run_id = $1 and n.node = any($2::integer[]) and n.item between $3 and $4
  and (select $5::jsonb) ? ${keyOf}`;

const startOf = ({ work }: Plan['starts'][number]): JsonValue => {
  if (work.kind === 'job') return { job: work.job.id, key: work.cacheKey ?? null };
  if (work.kind === 'dag') return { child: work.run.id };
  if (work.kind !== 'reuse') return {};
  const { run, job, child, reason } = work.from;
  return { job, child, kept: run, reason };
};

/**
 * Notes which job, or which run of a sub-DAG, each started node run has: its own, or one whose result it takes. Each
 * started once: it had none.
 */
export const recordStarts = async (sql: Sql, run: DagRunId, starts: Plan['starts']): Promise<void> => {
  const changed = await counted(
    sql,
    'dag_record_starts',
    `
update node_runs n set (job_id, child_run_id, kept_from, reason, cache_key, state, started_at) = (
  select x.job, x.child, x.kept, x.reason, x.key, 'running', coalesce(n.started_at, clock_timestamp())
  from jsonb_to_record((select $5::jsonb) -> ${keyOf}) as x (job uuid, child uuid, kept uuid, reason text, key text))
where ${amongNodeRuns} and n.job_id is null and n.child_run_id is null`,
    [run, ...byNodeRun(starts, startOf)],
  );
  account('starts', starts.length, changed);
};

/** Stores how items ended. */
export const recordItemEnds = async (sql: Sql, run: DagRunId, ends: Plan['itemEnds']): Promise<void> => {
  const changed = await counted(
    sql,
    'dag_record_item_ends',
    `
update node_runs n set (state, reason, message, finished_at) = (
  select x.state, x.reason, x.message, clock_timestamp()
  from jsonb_to_record((select $5::jsonb) -> ${keyOf}) as x (state text, reason text, message text))
where ${amongNodeRuns} and n.finished_at is null`,
    [
      run,
      ...byNodeRun(ends, ({ state, reason, message }) => ({ state, reason, message: storable(message) })),
    ],
  );
  account('ends of items', ends.length, changed);
};

/** Items from `from` on never start. */
export const cancelItems = async (
  sql: Sql,
  run: DagRunId,
  { node, from, reason, message }: Plan['itemsCancelled'][number],
): Promise<void> => {
  const text = `
update node_runs set state = 'cancelled', reason = $4, message = $5, finished_at = clock_timestamp()
where run_id = $1 and node = $2 and item >= $3 and state = 'ready'`;
  await sql.run({ text }, [run, node, from, reason, message]);
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
