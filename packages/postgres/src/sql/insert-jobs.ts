import { setImmediate } from 'node:timers/promises';
import { dagLabels, type NewJob, type WriteContext } from '@job-orchestrator/types';
import { msArray, plainArray, sparse, textArray } from '../connection/literals.ts';
import { onlyRow, type Parameter, type Statement } from '../connection/sql.ts';
import { toStoredSpec } from './stored-spec.ts';

/** What an insert gives back: all jobs were stored, or, with topics `missing` (1, else 0), none. */
export interface InsertAnswer {
  readonly inserted: number;
  readonly missing: number;
}

/** Stores jobs and specs. A spec's row is the job's event 1, so that a submission writes two rows and not three. */
export const insertJobs: Statement = {
  name: 'insert_jobs',
  text: `select inserted, missing
from insert_jobs($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
};

/** JSON as we write it has no control characters, so one of them parts the texts: 5 µs a job less than an array. */
const jsonTexts = (values: readonly string[]): string => values.join('\u0001');

const nothing = '{}';

/** The labels of jobs; null when none has any. */
const labelTexts = (jobs: readonly NewJob[]): string | null => {
  const texts = jobs.map(({ spec }) => JSON.stringify(spec.labels));
  return texts.every((text) => text === nothing) ? null : jsonTexts(texts);
};

/** Values, each once, and which of them each item has, counted from 1; null: all have the first. */
const dictionary = <Value>(items: readonly Value[], key: (item: Value) => string) => {
  const places = new Map<string, number>();
  const values: Value[] = [];
  const which = items.map((item) => {
    const name = key(item);
    let place = places.get(name);
    if (place === undefined) {
      place = values.push(item);
      places.set(name, place);
    }
    return place;
  });
  return { values, which: values.length === 1 ? null : plainArray(which) };
};

/** The parameters of `insertJobs`. */
export const insertParameters = (jobs: readonly NewJob[], context: WriteContext): readonly Parameter[] => {
  const each = <T>(pick: (job: NewJob) => T): T[] => jobs.map(pick);
  const topics = dictionary(jobs, ({ project, topic }) => `${project}/${topic}`);
  const images = dictionary(
    each(({ spec }) => spec.image),
    (image) => image,
  );
  return [
    plainArray(each(({ id }) => id)),
    ...topicParameters(topics.values),
    topics.which,
    plainArray(each(({ priority }) => -priority)),
    sparse(
      msArray,
      each(({ runAt }) => runAt),
    ),
    plainArray(each(({ spec }) => spec.deadlines.queueSeconds)),
    sparse(
      textArray,
      each(({ spec }) => spec.name),
    ),
    textArray(images.values),
    images.which,
    labelTexts(jobs),
    jsonTexts(each(({ spec }) => JSON.stringify(toStoredSpec(spec)))),
    sparse(
      plainArray,
      each(({ retryOf }) => retryOf),
    ),
    sparse(
      plainArray,
      each(({ rootJobId }) => rootJobId),
    ),
    sparse(
      plainArray,
      each(({ spec }) => spec.labels[dagLabels.run] ?? null),
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

/**
 * Stores a piece of the `open` jobs. Where topics are missing, those of all open jobs are made at once: piece by piece
 * two transactions would make the same ones in different order, and wait for each other in a circle.
 */
const insertPiece = async (
  run: RunOne,
  { jobs, open }: { readonly jobs: readonly NewJob[]; readonly open: readonly NewJob[] },
  parameters: readonly Parameter[],
): Promise<void> => {
  let answer = onlyRow(await run(insertJobs, parameters));
  if (answer.missing > 0) {
    await run(ensureTopics, topicParameters(open));
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
    earlier = insertPiece(run, { jobs: piece, open: jobs.slice(start) }, parameters);
    await Promise.race([earlier, setImmediate()]); // lets the statement out
  }
  await earlier;
};
