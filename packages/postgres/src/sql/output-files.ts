import type {
  AttemptId,
  IncarnationId,
  JobId,
  OutputEntry,
  OutputFile,
  OutputResult,
} from '@job-orchestrator/types';
import { bytesArray, textArray } from '../connection/literals.ts';
import type { Sql, Statement } from '../connection/sql.ts';

/** `files`: names, digests and contents, as three parameters for `unnest`. */
export const fileParameters = (files: readonly OutputFile[]): readonly [string, string, string] => [
  textArray(files.map(({ name }) => name)),
  textArray(files.map(({ digest }) => digest)),
  bytesArray(files.map(({ content }) => content)),
];

/** `for share` of the job's row: its end waits for us, or we find it ended. */
const keepStatement: Statement = {
  name: 'keep_output_files',
  text: `
with mine as materialized (
  select j.id, j.attempt_id from jobs j join executors e on e.incarnation = j.owner
  where j.owner = $1 and j.attempt_id = $2 and e.ended_at is null and e.lease_until > clock_timestamp()
  for share of j
)
insert into output_files (job_id, attempt_id, name, digest, content)
select mine.id, mine.attempt_id, f.name, f.digest, f.content
from mine cross join unnest($3::text[], $4::text[], $5::bytea[]) as f (name, digest, content)
on conflict (job_id, attempt_id, name) do nothing`,
};

/** Keeps files of an attempt that is still its owner's; those that are there already stay as they are. */
export const keepFiles = async (
  sql: Sql,
  owner: IncarnationId,
  attempt: AttemptId,
  files: readonly OutputFile[],
): Promise<void> => {
  await sql.run(keepStatement, [owner, attempt, ...fileParameters(files)]);
};

const completed = `finished_jobs j where j.id = $1 and j.state = 'completed'`;

/** Names, sizes and digests of what a completed job left beside its result, by name. */
export const listFiles = (sql: Sql, job: JobId): Promise<readonly OutputEntry[]> =>
  sql.run<OutputEntry & Record<string, unknown>>(
    {
      text: `select name, octet_length(content) as bytes, digest from output_files
             where job_id = $1 and attempt_id = (select attempt_id from ${completed}) order by name`,
    },
    [job],
  );

/** One of them; null where there is none. */
export const readFile = async (sql: Sql, job: JobId, name: string): Promise<OutputFile | null> => {
  const [row] = await sql.run<OutputFile & Record<string, unknown>>(
    {
      text: `select name, content, digest from output_files
             where job_id = $1 and attempt_id = (select attempt_id from ${completed}) and name = $2`,
    },
    [job, name],
  );
  return row ?? null;
};

/** The result of a completed job, as it wrote it; null where there is none. */
export const readResult = async (sql: Sql, job: JobId): Promise<OutputResult | null> => {
  const [row] = await sql.run<OutputResult & Record<string, unknown>>(
    {
      text: `select j.output::text as text, j.output_bytes as bytes, j.output_digest as digest
             from ${completed} and j.output_digest is not null`,
    },
    [job],
  );
  return row ?? null;
};
