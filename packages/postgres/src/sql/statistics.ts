import type { Sql } from '../connection/sql.ts';

/** The partitions of specs whose statistics say that they are empty, and which are not. */
export const filledSince = async (sql: Sql): Promise<readonly string[]> => {
  const rows = await sql.run<{ name: string }>({
    text: `
select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'job_specs'::regclass and c.reltuples = 0 and pg_relation_size(c.oid) > 0`,
  });
  return rows.map(({ name }) => name);
};

/** Takes the statistics of a table anew; plans that were made for the old ones are made again. Its name comes from the catalogue. */
export const analyze = async (sql: Sql, table: string): Promise<void> => {
  await sql.run({ text: `analyze "${table}"` });
};
