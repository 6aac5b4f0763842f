import type { Sql } from '../../connection/sql.ts';

/** Locks a DAG that was not deleted: a schedule that is made now waits. null: there is none. */
export const lockLiveDag = async (sql: Sql, project: string, name: string): Promise<number | null> => {
  const text = 'select id from dags where project = $1 and name = $2 and deleted_at is null for update';
  const [row] = await sql.run<{ id: number }>({ text }, [project, name]);
  return row?.id ?? null;
};

const names = async (sql: Sql, text: string, dag: number): Promise<readonly string[]> =>
  (await sql.run<{ name: string }>({ text }, [dag])).map(({ name }) => name);

/** Names of the schedules of a DAG. */
export const schedulesOf = (sql: Sql, dag: number): Promise<readonly string[]> =>
  names(sql, 'select name from schedules where dag_id = $1 order by name limit 20', dag);

/** Names of the DAGs whose newest versions have it as a sub-DAG. */
export const dagsAbove = (sql: Sql, dag: number): Promise<readonly string[]> =>
  names(
    sql,
    `
select above.name
from dags d join dags above on above.project = d.project and above.id <> d.id and above.deleted_at is null
join dag_versions v on v.dag_id = above.id and v.version = above.version
where d.id = $1
  and exists (select from json_array_elements(v.graph -> 'nodes') n where n -> 'dag' ->> 'name' = d.name)
order by above.name limit 20`,
    dag,
  );

export const markDeleted = async (sql: Sql, dag: number): Promise<void> => {
  await sql.run({ text: 'update dags set deleted_at = clock_timestamp() where id = $1' }, [dag]);
};
