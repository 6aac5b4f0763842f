import type { AttemptId, IncarnationId, JobId, JobOutput, JsonValue } from '@job-orchestrator/types';
import { plainArray } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';

const expectStatement: Statement = {
  name: 'expect_output',
  text: `
insert into attempt_outputs (attempt_id, job_id, instance)
select j.attempt_id, j.id, $3 from jobs j join executors e on e.incarnation = j.owner
where j.owner = $1 and j.attempt_id = $2 and e.ended_at is null and e.lease_until > clock_timestamp()
on conflict (attempt_id) do update set instance = excluded.instance where attempt_outputs.value is null
returning 1`,
};

/** Says from which instance an open attempt's output may come, unless one was accepted already. */
export const expectOutput = async (
  sql: Sql,
  owner: IncarnationId,
  attempt: AttemptId,
  instance: string,
): Promise<void> => {
  await sql.run(expectStatement, [owner, attempt, instance]);
};

/** An output as it is to be accepted. */
export interface OutputRow {
  readonly jobId: JobId;
  readonly attemptId: AttemptId;
  readonly instance: string;
  readonly output: JobOutput;
}

/** What stood there before; `open` false: the attempt is closed, and nothing was accepted. */
export interface AcceptAnswer {
  readonly open: boolean;
  readonly instance: string | null;
  readonly digest: string | null;
  readonly accepted: boolean;
}

/**
 * `for share` of the job's row: its end waits for us, or we find it ended. `for update` of the output's row: of two at
 * once the second sees what the first wrote, although its snapshot is older.
 */
const acceptStatement: Statement = {
  name: 'accept_output',
  text: `
with job as materialized (select id from jobs where id = $1 and attempt_id = $2 for share),
slot as materialized (
  select o.attempt_id, o.instance, o.digest from attempt_outputs o
  where o.attempt_id = $2 and exists (select from job) for update of o
),
taken as (
  update attempt_outputs o set value = $4::json, bytes = $5, digest = $6, accepted_at = clock_timestamp()
  from slot s where o.attempt_id = s.attempt_id and s.digest is null and s.instance = $3
  returning 1
)
select exists (select from job) as open, (select instance from slot) as instance, (select digest from slot) as digest,
  exists (select from taken) as accepted`,
};

/** Stores an output if its attempt is open, expects it from this instance, and has none yet. */
export const acceptOutput = async (sql: Sql, row: OutputRow): Promise<AcceptAnswer> => {
  const { value, bytes, digest } = row.output;
  const parameters = [row.jobId, row.attemptId, row.instance, JSON.stringify(value), bytes, digest];
  return onlyRow(await sql.run<AcceptAnswer & Record<string, unknown>>(acceptStatement, parameters));
};

/** What was accepted of an attempt; null when nothing was. */
export const readOutput = async (sql: Sql, attempt: AttemptId): Promise<JobOutput | null> => {
  const text = `select value, bytes, digest from attempt_outputs where attempt_id = $1 and digest is not null`;
  const [row] = await sql.run<{ value: JsonValue; bytes: number; digest: string }>(
    { name: 'read_output', text },
    [attempt],
  );
  return row ?? null;
};

/** Removes what attempts that ended have left here. */
export const forgetOutputs = async (sql: Sql, ids: readonly AttemptId[]): Promise<void> => {
  await sql.run({ text: 'delete from attempt_outputs where attempt_id = any($1::uuid[])' }, [
    plainArray(ids),
  ]);
};

/** Removes what no open attempt expects any more. */
export const forgetStrayOutputs = async (sql: Sql): Promise<void> => {
  await sql.run({
    text: `delete from attempt_outputs o
           where not exists (select from jobs j where j.id = o.job_id and j.attempt_id = o.attempt_id)`,
  });
};
