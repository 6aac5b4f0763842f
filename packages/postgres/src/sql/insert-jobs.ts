import { setImmediate } from 'node:timers/promises';
import type { NewJob, WriteContext } from '@job-orchestrator/types';
import { dateArray, plainArray, sparse, textArray } from '../connection/literals.ts';
import { onlyRow, type Parameter, type Statement } from '../connection/sql.ts';
import { toStoredSpec } from './stored-spec.ts';

/** What an insert gives back: all jobs were stored, or, with topics missing, none. */
export interface InsertAnswer {
  readonly inserted: number;
  readonly missing: number;
}

/**
 * Stores jobs and specs. A spec's row is the job's event 1, so that a submission writes two rows and not three.
 * With a topic that does not exist yet nothing is stored, and `missing` says for how many jobs.
 */
export const insertJobs: Statement = {
  name: 'insert_jobs',
  text: `
with input as materialized (
  select x.*, t.id as topic_id, n.at, coalesce(x.run_at, n.at) as due
  from unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::timestamptz[], $6::integer[], $7::text[],
              $8::text[], string_to_array($9, e'\\x01'), string_to_array($10, e'\\x01'), $11::uuid[], $12::uuid[])
    as x (id, project, topic, rank, run_at, queue_seconds, name, image, labels, spec, retry_of, root_job_id)
  cross join (select clock_timestamp() as at offset 0) n
  left join topics t on t.project = x.project and t.name = x.topic
),
complete as materialized (select count(*) filter (where topic_id is null) as missing from input),
stored as (
  insert into jobs (id, topic_id, rank, queue, run_at, expires_at, queue_seconds)
  select id, topic_id, rank, case when due > at then 'scheduled' else 'pending' end, due,
         due + queue_seconds * interval '1 second', queue_seconds
  from input where (select missing from complete) = 0
  returning 1
),
specs as (
  insert into job_specs (id, created_at, created_by, submit_reason, name, image, labels, spec, retry_of, root_job_id)
  select id, at, $13, $14, name, image, labels::jsonb, spec::json, retry_of, root_job_id
  from input where (select missing from complete) = 0
  returning 1
)
select (select missing from complete) as missing,
       accounted('job_specs', (select count(*) from stored), (select count(*) from specs)) as inserted`,
};

/** JSON as we write it has no control characters, so one of them parts the texts: 5 µs a job less than an array. */
const jsonTexts = (values: readonly object[]): string =>
  values.map((value) => JSON.stringify(value)).join('\u0001');

/** The parameters of `insertJobs`. */
export const insertParameters = (jobs: readonly NewJob[], context: WriteContext): readonly Parameter[] => {
  const each = <T>(pick: (job: NewJob) => T): T[] => jobs.map(pick);
  return [
    plainArray(each(({ id }) => id)),
    textArray(each(({ project }) => project)),
    textArray(each(({ topic }) => topic)),
    plainArray(each(({ priority }) => -priority)),
    sparse(
      dateArray,
      each(({ runAt }) => runAt),
    ),
    plainArray(each(({ spec }) => spec.deadlines.queueSeconds)),
    sparse(
      textArray,
      each(({ spec }) => spec.name),
    ),
    textArray(each(({ spec }) => spec.image)),
    jsonTexts(each(({ spec }) => spec.labels)),
    jsonTexts(each(({ spec }) => toStoredSpec(spec))),
    sparse(
      plainArray,
      each(({ retryOf }) => retryOf),
    ),
    sparse(
      plainArray,
      each(({ rootJobId }) => rootJobId),
    ),
    context.actor,
    context.reason,
  ];
};

/** Makes projects and topics that do not exist yet. */
export const ensureTopics: Statement = {
  text: `
with wanted as (select distinct * from unnest($1::text[], $2::text[]) as w (project, name)),
made as (insert into projects (name) select distinct project from wanted order by 1 on conflict do nothing)
insert into topics (project, name) select project, name from wanted order by project, name on conflict do nothing`,
};

/** The parameters of `ensureTopics`. */
export const topicParameters = (jobs: readonly Pick<NewJob, 'project' | 'topic'>[]): readonly Parameter[] => [
  textArray(jobs.map(({ project }) => project)),
  textArray(jobs.map(({ topic }) => topic)),
];

/** How a caller's transaction and ours run a statement alike. */
export type RunOne = (
  statement: Statement,
  parameters: readonly Parameter[],
) => Promise<readonly InsertAnswer[]>;

const insertPiece = async (
  run: RunOne,
  jobs: readonly NewJob[],
  parameters: readonly Parameter[],
): Promise<void> => {
  let answer = onlyRow(await run(insertJobs, parameters));
  if (answer.missing > 0) {
    await run(ensureTopics, topicParameters(jobs));
    answer = onlyRow(await run(insertJobs, parameters));
  }
  if (answer.inserted !== jobs.length) {
    throw new Error(`stored ${answer.inserted} of ${jobs.length} jobs`);
  }
};

/** More jobs than this are more than one statement, and so need a transaction around them. */
export const jobsPerStatement = 2_000;

/**
 * Inserts, making topics where they are missing. Throws when a row was not stored. While the database stores one piece
 * the next one is written out: both take about 9 µs a job.
 */
export const insertWithTopics = async (
  run: RunOne,
  jobs: readonly NewJob[],
  context: WriteContext,
): Promise<void> => {
  let earlier: Promise<void> = Promise.resolve();
  for (let start = 0; start < jobs.length; start += jobsPerStatement) {
    const piece = jobs.slice(start, start + jobsPerStatement);
    const parameters = insertParameters(piece, context);
    await earlier;
    earlier = insertPiece(run, piece, parameters);
    await Promise.race([earlier, setImmediate()]); // lets the statement out
  }
  await earlier;
};
