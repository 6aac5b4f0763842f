import type { JobFilter, JobId, JobSummary } from '@job-orchestrator/types';
import { textArray } from '../connection/literals.ts';
import type { Parameter, Sql } from '../connection/sql.ts';
import { liveState } from './cancel-job.ts';
import { toJobSummary, type SummaryRow } from './history-rows.ts';

/** Collects parameters and gives each its number. */
export const numbering = () => {
  const parameters: Parameter[] = [];
  const number = (parameter: Parameter): string => `$${parameters.push(parameter)}`;
  return { parameters, number };
};

/** Conditions on `topics` alone: they become a list of topic ids, which is small. */
export const topicCondition = (
  filter: Pick<JobFilter, 'project' | 'topic'>,
  table: string,
  number: (parameter: Parameter) => string,
): string[] => {
  const wanted = [
    ...(filter.project === null ? [] : [`project = ${number(filter.project)}`]),
    ...(filter.topic === null ? [] : [`name = ${number(filter.topic)}`]),
  ];
  return wanted.length === 0
    ? []
    : [`${table}.topic_id = any(array(select id from topics where ${wanted.join(' and ')}))`];
};

export const specConditions = (
  filter: Pick<JobFilter, 'image' | 'labels'>,
  table: string,
  number: (parameter: Parameter) => string,
): string[] => [
  ...(filter.image === null ? [] : [`${table}.image = ${number(filter.image)}`]),
  ...(Object.keys(filter.labels).length === 0
    ? []
    : [`${table}.labels @> ${number(JSON.stringify(filter.labels))}::jsonb`]),
];

const where = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;

/**
 * A page of live jobs and a page of finished ones, each in order of its primary key, merged. Only the conditions that
 * were asked for stand in the text, so that the plan may follow the key and stop at the limit.
 */
const query = (filter: JobFilter, after: JobId | null, limit: number) => {
  const { parameters, number } = numbering();
  const most = number(limit);
  const last = after === null ? null : number(after);
  const behind = (table: string): string[] => (last === null ? [] : [`${table}.id < ${last}`]);
  const states = filter.states;
  const live = [
    ...behind('j'),
    ...topicCondition(filter, 'j', number),
    ...specConditions(filter, 's', number),
    ...(states === null ? [] : [`${liveState} = any(${number(textArray(states))}::text[])`]),
  ];
  const finished = [
    ...behind('f'),
    ...topicCondition(filter, 'f', number),
    ...specConditions(filter, 's', number),
    ...(states === null ? [] : [`f.state = any(${number(textArray(states))}::text[])`]),
    ...(states === null || states.includes('completed') ? [] : [`f.state <> 'completed'`]),
  ];
  const text = `
select p.*, t.project, t.name as topic from (
  (select j.id, s.name, s.image, ${liveState} as state, j.rank, s.created_at as "createdAt",
     j.started_at as "startedAt", null::timestamptz as "finishedAt",
     null::timestamptz as "attemptFinishedAt", j.attempt, null::integer as "exitCode",
     j.waiting_reason as reason, j.topic_id
   from jobs j join job_specs s on s.id = j.id ${where(live)} order by j.id desc limit ${most})
  union all
  (select f.id, s.name, s.image, f.state, f.rank, s.created_at, f.started_at, f.finished_at, f.attempt_finished_at, f.attempt,
     f.exit_code,
     f.failure ->> 'reason', f.topic_id
   from finished_jobs f join job_specs s on s.id = f.id ${where(finished)} order by f.id desc limit ${most})
) p join topics t on t.id = p.topic_id order by p.id desc limit ${most}`;
  return { text, parameters };
};

/** Jobs below `after`, newest first. */
export const listJobs = async (
  sql: Sql,
  filter: JobFilter,
  after: JobId | null,
  limit: number,
): Promise<readonly JobSummary[]> => {
  const { text, parameters } = query(filter, after, limit);
  const rows = await sql.run<SummaryRow & { topic_id?: number } & Record<string, unknown>>(
    { text },
    parameters,
  );
  return rows.map(({ topic_id: _, ...row }) => toJobSummary(row as SummaryRow));
};
