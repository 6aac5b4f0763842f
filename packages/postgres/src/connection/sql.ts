/** What a parameter may be; arrays go as array literals (`arrayOf…`), JSON and dates as text. */
export type Parameter = string | number | boolean | null;
export type Row = Readonly<Record<string, unknown>>;

/** A statement. A `name` has it prepared once per connection: planning the claim costs more than running it for one job. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** Something that runs statements, each result with the same types on PostgreSQL and PGlite (`row-types.ts`). */
export interface Sql {
  run<R extends Row>(statement: Statement, parameters?: readonly Parameter[]): Promise<readonly R[]>;
}

/** A database: statements each in a transaction of their own, or several in one. */
export interface Store extends Sql {
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Milliseconds of a monotonic clock at which a connection was last found lost; null: never. */
  lostAt(): number | null;
  close(): Promise<void>;
}

/** The only row of a statement that always gives one. */
export const onlyRow = <R>(rows: readonly R[]): R => {
  const [row] = rows;
  if (row === undefined || rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
  return row;
};
