import type { FailureCategory, JobState } from '@job-orchestrator/types';

/** Which jobs to list; every field narrows. `limit` is at most 500, `cursor` the `next` of the page before. */
export interface JobQuery {
  readonly project?: string;
  readonly topic?: string;
  readonly states?: readonly JobState[];
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Which dead letters to list; every field narrows. */
export interface DeadLetterQuery {
  readonly project?: string;
  readonly topic?: string;
  readonly image?: string;
  readonly category?: FailureCategory;
  /** A reason of a failure, such as `oom_killed`. */
  readonly failure?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface PageQuery {
  readonly project?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

type Parameter = string | number | boolean | undefined;

/** Query parameters without those that are not given. */
export const queryOf = (parameters: Readonly<Record<string, Parameter>>): URLSearchParams => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.append(name, String(value));
  }
  return query;
};

/** The parameters of `GET /jobs` and of `GET /dead-letters`. */
export const jobQuery = (query: JobQuery & DeadLetterQuery): URLSearchParams => {
  const { states, labels, ...plain } = query;
  const parameters = queryOf({ ...plain, state: states?.join(',') });
  for (const [key, value] of Object.entries(labels ?? {})) parameters.append('label', `${key}=${value}`);
  return parameters;
};
