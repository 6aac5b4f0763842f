import type { AttemptId, DeliveredOutput, IncarnationId, OutputResult } from '@job-orchestrator/types';
import { plainArray } from '../connection/literals.ts';
import { onlyRow, type Sql, type Statement } from '../connection/sql.ts';
import { fileParameters } from './output-files.ts';

const expectStatement: Statement = {
  name: 'expect_output',
  text: `
insert into attempt_outputs (attempt_id, job_id, instance)
select j.attempt_id, j.id, $3 from jobs j join executors e on e.incarnation = j.owner
where j.owner = $1 and j.attempt_id = $2 and e.ended_at is null and e.lease_until > clock_timestamp()
on conflict (attempt_id) do update set instance = excluded.instance where attempt_outputs.accepted_at is null
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
with job as materialized (
  select id, attempt_id from jobs where id = $1 and attempt = $2 and attempt_id is not null for share
),
slot as materialized (
  select o.attempt_id, o.job_id, o.instance, o.accepted_at, coalesce(o.accepted_digest, o.digest) as digest
  from attempt_outputs o where o.attempt_id = (select attempt_id from job) for update of o
),
taken as (
  update attempt_outputs o
  set accepted_digest = $4, value = $5::json, bytes = $6, digest = $7, accepted_at = clock_timestamp()
  from slot s where o.attempt_id = s.attempt_id and s.accepted_at is null and s.instance = $3
  returning o.job_id, o.attempt_id
),
kept as (
  insert into output_files (job_id, attempt_id, name, digest, content)
  select t.job_id, t.attempt_id, f.name, f.digest, f.content
  from taken t cross join unnest($8::text[], $9::text[], $10::bytea[]) as f (name, digest, content)
  on conflict (job_id, attempt_id, name) do nothing
)
select exists (select from job) as open, (select instance from slot) as instance, (select digest from slot) as digest,
  exists (select from taken) as accepted`,
};

/** Stores an output if its attempt is open, expects it from this instance, and has none yet. */
export const acceptOutput = async (sql: Sql, delivered: DeliveredOutput): Promise<AcceptAnswer> => {
  const { jobId, attemptNumber, instance, digest, result, files } = delivered;
  const parameters = [
    jobId,
    attemptNumber,
    instance,
    digest,
    result?.text ?? null,
    result?.bytes ?? null,
    result?.digest ?? null,
    ...fileParameters(files),
  ];
  return onlyRow(await sql.run<AcceptAnswer & Record<string, unknown>>(acceptStatement, parameters));
};

/** What was accepted of an attempt; null when nothing was. */
export const readOutput = async (
  sql: Sql,
  attempt: AttemptId,
): Promise<{ readonly result: OutputResult | null } | null> => {
  const text = `select value::text as text, bytes, digest from attempt_outputs
                where attempt_id = $1 and accepted_at is not null`;
  const [row] = await sql.run<{ [Key in keyof OutputResult]: OutputResult[Key] | null }>(
    { name: 'read_output', text },
    [attempt],
  );
  if (row === undefined) return null;
  return { result: row.digest === null ? null : (row as OutputResult) };
};

/** Removes what attempts that ended have left here. */
export const forgetOutputs = async (sql: Sql, ids: readonly AttemptId[]): Promise<void> => {
  await sql.run({ text: 'delete from attempt_outputs where attempt_id = any($1::uuid[])' }, [
    plainArray(ids),
  ]);
};

/** Removes what no open attempt expects any more, and the files of those that did not complete their job. */
export const forgetStrayOutputs = async (sql: Sql): Promise<void> => {
  await sql.run({
    text: `
with stray as (
  delete from attempt_outputs o
  where not exists (select from jobs j where j.id = o.job_id and j.attempt_id = o.attempt_id)
  returning o.job_id, o.attempt_id
)
delete from output_files f using stray s
where f.job_id = s.job_id and f.attempt_id = s.attempt_id and not exists (
  select from finished_jobs j where j.id = s.job_id and j.attempt_id = s.attempt_id and j.state = 'completed')`,
  });
};
