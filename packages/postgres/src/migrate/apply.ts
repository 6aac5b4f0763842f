import { OrchestratorError } from '@job-orchestrator/types';
import { onlyRow, type Sql, type Store } from '../connection/sql.ts';
import type { Migration } from './migrations.ts';

/** How far a schema has come, and the least version that a program must know to use it. Version 0: nothing there. */
export interface SchemaVersion {
  readonly version: number;
  readonly minCompatible: number;
}

/** Months whose partitions are made ahead. */
const monthsAhead = 3;

/** Reads how far the schema has come. */
export const schemaVersion = async (sql: Sql): Promise<SchemaVersion> => {
  const { there } = onlyRow(
    await sql.run<{ there: boolean }>({
      text: `select to_regclass('schema_migrations') is not null as there`,
    }),
  );
  if (!there) return { version: 0, minCompatible: 0 };
  return onlyRow(
    await sql.run<{ version: number; minCompatible: number }>({
      text: `select coalesce(max(version), 0) as version, coalesce(max(min_compatible), 0) as "minCompatible"
             from schema_migrations`,
    }),
  );
};

/** Throws `schema_too_new` when the database demands a program that knows more than we do. */
export const refuseTooNew = (schema: SchemaVersion, known: number): void => {
  if (schema.minCompatible <= known) return;
  throw new OrchestratorError(
    'schema_too_new',
    `The database has schema version ${schema.version}, which demands a program that knows version ` +
      `${schema.minCompatible} or later; this one knows ${known}.`,
  );
};

/** Throws `schema_outdated` when migrations that we know are missing, and `schema_too_new` as `refuseTooNew`. */
export const refuseUnfit = (schema: SchemaVersion, known: number): void => {
  refuseTooNew(schema, known);
  if (schema.version >= known) return;
  throw new OrchestratorError(
    'schema_outdated',
    `The database has schema version ${schema.version}; this program needs version ${known}.`,
  );
};

const applyOne = async (sql: Sql, { version, name, minCompatible, text }: Migration): Promise<void> => {
  await sql.run({ text });
  await sql.run(
    { text: 'insert into schema_migrations (version, name, min_compatible) values ($1, $2, $3)' },
    [version, name, minCompatible],
  );
};

const missing = async (sql: Sql, known: readonly Migration[]): Promise<readonly Migration[]> => {
  const schema = await schemaVersion(sql);
  refuseTooNew(schema, known.length);
  return known.filter(({ version }) => version > schema.version);
};

/**
 * Applies what is missing, all in one transaction under a lock, so that migrators at the same time wait for one
 * another. Returns the names of what was applied.
 */
export const applyMigrations = async (
  store: Store,
  known: readonly Migration[],
): Promise<readonly string[]> =>
  store.transaction(async (sql) => {
    await sql.run({ text: 'select pg_advisory_xact_lock(7266316000)' });
    await sql.run({
      text: `create table if not exists schema_migrations (
               version integer primary key, name text not null, min_compatible integer not null,
               applied_at timestamptz not null default clock_timestamp())`,
    });
    const todo = await missing(sql, known);
    for (const migration of todo) await applyOne(sql, migration);
    await ensurePartitions(sql);
    return todo.map(({ name }) => name);
  });

/** Makes the partitions of this month and those ahead. */
export const ensurePartitions = async (sql: Sql): Promise<void> => {
  await sql.run({ text: `select ensure_partitions((clock_timestamp() at time zone 'UTC')::date, $1)` }, [
    monthsAhead,
  ]);
};

/** Gives the database its uuid, once. A seed or template has none yet, so that no two databases share one. */
export const ensureInstallation = async (sql: Sql): Promise<void> => {
  await sql.run({ text: 'insert into installation default values on conflict do nothing' });
};
