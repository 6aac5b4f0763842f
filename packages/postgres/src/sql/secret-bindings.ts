import type { NewSecretBinding, SecretBinding } from '@job-orchestrator/types';
import { textArray } from '../connection/literals.ts';
import { onlyRow, type Sql } from '../connection/sql.ts';

type BindingRow = SecretBinding & Record<string, unknown>;

const columns = `project, name, secret, key, topics, images, created_at as "createdAt", updated_at as "updatedAt"`;

/** Bindings in order of name; `project` null: of all. */
export const readBindings = (sql: Sql, project: string | null): Promise<readonly SecretBinding[]> => {
  const text = `select ${columns} from secret_bindings where $1::text is null or project = $1 order by project, name`;
  return sql.run<BindingRow>({ text }, [project]);
};

/** The bindings of a project with these names, in order of name. */
export const bindingsNamed = (
  sql: Sql,
  project: string,
  names: readonly string[],
): Promise<readonly SecretBinding[]> => {
  const text = `select ${columns} from secret_bindings where project = $1 and name = any($2::text[]) order by name`;
  return sql.run<BindingRow>({ text }, [project, textArray(names)]);
};

/** Binds a name, or binds it anew. */
export const putBinding = async (sql: Sql, binding: NewSecretBinding): Promise<SecretBinding> => {
  const text = `
insert into secret_bindings (project, name, secret, key, topics, images)
values ($1, $2, $3, $4, $5::json, $6::json)
on conflict (project, name) do update set secret = excluded.secret, key = excluded.key, topics = excluded.topics,
  images = excluded.images, updated_at = clock_timestamp()
returning ${columns}`;
  const { project, name, secret, key, topics, images } = binding;
  return onlyRow(
    await sql.run<BindingRow>({ text }, [
      project,
      name,
      secret,
      key,
      JSON.stringify(topics),
      JSON.stringify(images),
    ]),
  );
};

/** How many names of a project are bound. */
export const countBindings = async (sql: Sql, project: string): Promise<number> => {
  const text = 'select count(*)::integer as count from secret_bindings where project = $1';
  return onlyRow(await sql.run<{ count: number }>({ text }, [project])).count;
};

/** Takes a binding away; false when there is none. */
export const deleteBinding = async (sql: Sql, project: string, name: string): Promise<boolean> => {
  const text = 'delete from secret_bindings where project = $1 and name = $2 returning 1';
  return (await sql.run({ text }, [project, name])).length === 1;
};
