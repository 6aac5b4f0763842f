import { jobId, type DeadLetterDecision, type DeadLetterFilter, type JobId } from '@job-orchestrator/types';
import type { FailureCategory, Redrive, WriteContext } from '@job-orchestrator/types';
import { plainArray } from '../connection/literals.ts';
import { onlyRow, type Parameter, type Sql, type Statement } from '../connection/sql.ts';
import type { SummaryRow } from './history-rows.ts';
import { numbering, specConditions, topicCondition } from './list-jobs.ts';

/** A dead letter is a failed job about which nobody has decided. */
const conditions = (filter: DeadLetterFilter, number: (parameter: Parameter) => string): string =>
  [
    // Both conditions, so that the partial index of what did not complete serves.
    `f.state <> 'completed' and f.state = 'failed'`,
    'not exists (select from dead_letter_decisions d where d.job_id = f.id)',
    ...topicCondition(filter, 'f', number),
    ...specConditions(filter, 's', number),
    ...(filter.jobs === null ? [] : [`f.id = any(${number(plainArray(filter.jobs))}::uuid[])`]),
    ...(filter.category === null ? [] : [`f.failure ->> 'category' = ${number(filter.category)}`]),
    ...(filter.reason === null ? [] : [`f.failure ->> 'reason' = ${number(filter.reason)}`]),
  ].join(' and ');

export interface DeadLetterRow extends SummaryRow {
  readonly category: FailureCategory;
  readonly message: string;
}

/** Dead letters below `after`, newest first. */
export const listDeadLetters = (
  sql: Sql,
  filter: DeadLetterFilter,
  after: JobId | null,
  limit: number,
): Promise<readonly DeadLetterRow[]> => {
  const { parameters, number } = numbering();
  const behind = after === null ? '' : `and f.id < ${number(after)}`;
  const text = `
select f.id, s.name, s.image, f.state, f.rank, s.created_at as "createdAt", f.started_at as "startedAt",
  f.finished_at as "finishedAt", f.attempt_finished_at as "attemptFinishedAt", f.attempt, f.exit_code as "exitCode", f.failure ->> 'reason' as reason,
  f.failure ->> 'category' as category, f.failure ->> 'message' as message, t.project, t.name as topic
from finished_jobs f join job_specs s on s.id = f.id join topics t on t.id = f.topic_id
where ${conditions(filter, number)} ${behind} order by f.id desc limit ${number(limit)}`;
  return sql.run<DeadLetterRow & Record<string, unknown>>({ text }, parameters);
};

/** How many dead letters fit. */
export const countDeadLetters = async (sql: Sql, filter: DeadLetterFilter): Promise<number> => {
  const { parameters, number } = numbering();
  const text = `select count(*) as count from finished_jobs f join job_specs s on s.id = f.id where ${conditions(filter, number)}`;
  return onlyRow(await sql.run<{ count: number }>({ text }, parameters)).count;
};

const decideStatement: Statement = {
  text: `
insert into dead_letter_decisions (job_id, kind, new_job_id, actor, reason)
select x.job_id, $3, x.new_job_id, $4, $5 from unnest($1::uuid[], $2::uuid[]) as x (job_id, new_job_id)
where exists (select from finished_jobs f where f.id = x.job_id and f.state = 'failed')
order by x.job_id on conflict do nothing
returning job_id as id`,
};

/** Decides about dead letters; those about which somebody had decided stay as they are. Returns those decided now. */
export const decideDeadLetters = async (
  sql: Sql,
  kind: DeadLetterDecision['kind'],
  decisions: readonly { readonly failed: JobId; readonly newJob: JobId | null }[],
  { actor, reason }: WriteContext,
): Promise<ReadonlySet<JobId>> => {
  const rows = await sql.run<{ id: string }>(decideStatement, [
    plainArray(decisions.map(({ failed }) => failed)),
    plainArray(decisions.map(({ newJob }) => newJob)),
    kind,
    actor,
    reason,
  ]);
  return new Set(rows.map(({ id }) => jobId(id)));
};

/** Which of these redrives have been stored, by the id of the failed job. */
export const storedRedrives = async (sql: Sql, redrives: readonly Redrive[]): Promise<ReadonlySet<JobId>> => {
  const rows = await sql.run<{ id: string }>(
    {
      text: `select d.job_id as id from unnest($1::uuid[], $2::uuid[]) as x (job_id, new_job_id)
             join dead_letter_decisions d on d.job_id = x.job_id and d.new_job_id = x.new_job_id`,
    },
    [plainArray(redrives.map(({ failed }) => failed)), plainArray(redrives.map(({ job }) => job.id))],
  );
  return new Set(rows.map(({ id }) => jobId(id)));
};

/** What was decided about a job. */
export const readDecision = async (sql: Sql, job: JobId): Promise<DeadLetterDecision | null> => {
  const [row] = await sql.run<Omit<DeadLetterDecision, 'newJobId'> & { newJobId: string | null }>(
    {
      text: `select kind, new_job_id as "newJobId", at, actor, reason from dead_letter_decisions where job_id = $1`,
    },
    [job],
  );
  return row === undefined ? null : { ...row, newJobId: row.newJobId === null ? null : jobId(row.newJobId) };
};
