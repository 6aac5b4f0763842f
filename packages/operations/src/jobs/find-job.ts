import {
  isUuid,
  jobId,
  OrchestratorError,
  shortId,
  type FoundJobIds,
  type JobId,
} from '@job-orchestrator/types';
import type { OperationDeps } from '../dependencies.ts';

/** How many characters of an id a person must give at least. */
export const leastSelectorChars = 4;

/** Who shortens `44e8f8fa` of a list to `44e8` gives neither a beginning nor an end of the id. */
export const noneFits = (what: string, selector: string): string =>
  `No ${what} has an id that begins or ends with ${selector}. Lists show the last 8 characters of ids: give all of them, or the last few.`;

const notFound = (selector: string, { looked, complete }: FoundJobIds): OrchestratorError =>
  new OrchestratorError(
    'job_not_found',
    complete
      ? noneFits('job', selector)
      : `No job ends with ${selector} among the newest ${looked}, and older ones take too long to search. ` +
          'Give its full id, or the beginning of it.',
  );

const refuseMalformed = (selector: string): void => {
  if (new RegExp(`^[0-9a-f-]{${leastSelectorChars},36}$`).test(selector)) return;
  throw new OrchestratorError(
    'job_not_found',
    `${JSON.stringify(selector.slice(0, 64))} is not a job id: give at least ${leastSelectorChars} characters of its beginning or end (0-9, a-f, -), or @latest.`,
  );
};

const ambiguous = (selector: string, ids: readonly JobId[]): OrchestratorError => {
  const shown = ids.slice(0, 5).map((id) => `${shortId(id)} (${id})`);
  return new OrchestratorError('job_ambiguous', `${selector} fits more than one job: ${shown.join(', ')}.`);
};

/**
 * The one job that a selector means: a full id, a unique beginning or end of one (4 characters or more), or `@latest`.
 * Throws `job_not_found`, `job_ambiguous`.
 */
export const findJob = async (deps: OperationDeps, selector: string): Promise<JobId> => {
  if (selector === '@latest') {
    const latest = await deps.database.history.latestJobId(null);
    if (latest === null) throw new OrchestratorError('job_not_found', 'There are no jobs yet.');
    return latest;
  }
  const text = selector.toLowerCase();
  if (isUuid(text)) return jobId(text);
  refuseMalformed(text);
  const found = await deps.database.history.findJobIds(text, 6);
  const { ids } = found;
  if (ids.length > 1) throw ambiguous(selector, ids);
  const id = ids[0];
  if (id === undefined) throw notFound(selector, found);
  return id;
};
