import type {
  DagSummary,
  DagVersion,
  DagVersionSummary,
  NewDag,
  WriteContext,
} from '@job-orchestrator/types';
import { textArray } from '../../connection/literals.ts';
import { onlyRow, type Sql } from '../../connection/sql.ts';

/** A DAG under a lock. */
interface LockedDag {
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly deleted: boolean;
}

/**
 * Makes the project and the DAG where they are missing, and locks the DAG and those below it that there are, in the order
 * of their names: versions of it are made one after the other, and none below it is deleted meanwhile.
 */
export const lockDags = async (
  sql: Sql,
  project: string,
  name: string,
  below: readonly string[],
): Promise<{ readonly dag: LockedDag; readonly below: readonly LockedDag[] }> => {
  await sql.run({ text: 'insert into projects (name) values ($1) on conflict do nothing' }, [project]);
  await sql.run({ text: 'insert into dags (project, name) values ($1, $2) on conflict do nothing' }, [
    project,
    name,
  ]);
  const text = `
select id, name, version, deleted_at is not null as deleted from dags
where project = $1 and name = any($2::text[]) order by name collate "C" for no key update`;
  const rows = await sql.run<LockedDag & Record<string, unknown>>({ text }, [
    project,
    textArray([name, ...below]),
  ]);
  const dag = onlyRow(rows.filter((row) => row.name === name));
  return { dag, below: rows.filter((row) => row !== dag) };
};

/** The digest of a version; null where there is none, or the DAG was deleted. */
export const digestOf = async (sql: Sql, dag: number, version: number): Promise<string | null> => {
  const text = `
select v.digest from dags d join dag_versions v on v.dag_id = d.id
where d.id = $1 and v.version = $2 and d.deleted_at is null`;
  const [row] = await sql.run<{ digest: string }>({ text }, [dag, version]);
  return row?.digest ?? null;
};

/** Stores a version and makes it the newest; a deleted DAG is there again. */
export const insertVersion = async (
  sql: Sql,
  dag: number,
  version: number,
  { digest, document, graph }: NewDag,
  { actor, reason }: WriteContext,
): Promise<void> => {
  const text = `
with made as (
  insert into dag_versions (dag_id, version, digest, document, graph, created_by, reason)
  values ($1, $2, $3, $4::json, $5::json, $6, $7) returning dag_id, version
)
update dags d set version = m.version, deleted_at = null from made m where d.id = m.dag_id`;
  await sql.run({ text }, [
    dag,
    version,
    digest,
    JSON.stringify(document),
    JSON.stringify(graph),
    actor,
    reason,
  ]);
};

/** A version; `version` null: the newest, of a DAG that was not deleted. */
export const readVersion = async (
  sql: Sql,
  project: string,
  name: string,
  version: number | null,
): Promise<DagVersion | null> => {
  const text = `
select d.project, d.name, v.version, v.digest, v.document, v.graph, v.created_at as "createdAt",
  v.created_by as "createdBy", d.deleted_at as "deletedAt"
from dags d join dag_versions v on v.dag_id = d.id and v.version = coalesce($3, d.version)
where d.project = $1 and d.name = $2 and ($3::integer is not null or d.deleted_at is null)`;
  const [row] = await sql.run<DagVersion & Record<string, unknown>>({ text }, [project, name, version]);
  return row ?? null;
};

/** DAGs by name, behind (project, name). */
export const listDags = async (
  sql: Sql,
  project: string | null,
  [afterProject, afterName]: readonly [string, string],
  limit: number,
): Promise<readonly DagSummary[]> => {
  const text = `
select d.project, d.name, d.version, json_array_length(v.graph -> 'nodes') as nodes, v.created_at as "createdAt",
  v.created_by as "createdBy"
from dags d join dag_versions v on v.dag_id = d.id and v.version = d.version
where ($1::text is null or d.project = $1) and (d.project, d.name) > ($2, $3) and d.deleted_at is null
order by d.project, d.name limit $4`;
  return sql.run<DagSummary & Record<string, unknown>>({ text }, [project, afterProject, afterName, limit]);
};

/** Versions below `before` (null: all), newest first. */
export const listVersions = async (
  sql: Sql,
  project: string,
  name: string,
  before: number | null,
  limit: number,
): Promise<readonly DagVersionSummary[]> => {
  const text = `
select v.version, v.digest, json_array_length(v.graph -> 'nodes') as nodes, coalesce(r.runs, 0)::integer as runs,
  v.created_at as "createdAt", v.created_by as "createdBy", v.reason
from dags d join dag_versions v on v.dag_id = d.id
left join lateral (select version, count(*) as runs from dag_runs where dag_id = d.id group by version) r
  on r.version = v.version
where d.project = $1 and d.name = $2 and ($3::integer is null or v.version < $3)
order by v.version desc limit $4`;
  return sql.run<DagVersionSummary & Record<string, unknown>>({ text }, [project, name, before, limit]);
};
