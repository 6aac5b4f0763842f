import {
  jobStates,
  labelKeyPattern,
  labelValuePattern,
  limits,
  Name,
  type JobFilter,
  type Problem,
} from '@job-orchestrator/types';
import { Type, type Static } from 'typebox';
import { pageParameters } from './pages.ts';
import { parameterReader, parameters, refuse } from './parameters.ts';
import { readStates, statesParameter } from './states.ts';

/** Parameters of `GET /jobs`. */
export const JobListQuery = parameters({
  project: Type.Optional(Name),
  topic: Type.Optional(Name),
  state: statesParameter(jobStates),
  image: Type.Optional(Name),
  label: Type.Optional(
    Type.Array(Type.String({ description: 'KEY=VALUE' }), {
      maxItems: limits.labelCount,
      description: 'May be repeated; a job must carry all.',
    }),
  ),
  ...pageParameters,
});

export const readJobList = parameterReader(JobListQuery);

const labelKey = new RegExp(labelKeyPattern);
const labelValue = new RegExp(labelValuePattern);

const labelProblem = (label: string): Problem | null => {
  const equals = label.indexOf('=');
  const [key, value] = [label.slice(0, equals), label.slice(equals + 1)];
  const problem = (message: string, limit?: number): Problem => ({
    field: 'label',
    message,
    ...(limit === undefined ? {} : { limit }),
    value: label.slice(0, 64),
  });
  if (equals < 1) return problem('must be KEY=VALUE');
  if (!labelKey.test(key)) return problem('has a key that no label can have');
  if (value.length > limits.labelValueChars)
    return problem(`has a value of more than ${limits.labelValueChars} characters`, limits.labelValueChars);
  return labelValue.test(value) ? null : problem('has a value that no label can have');
};

/** Labels as they stand in a query. Throws `invalid_input`. */
export const readLabels = (labels: readonly string[] | undefined): Readonly<Record<string, string>> => {
  const given = labels ?? [];
  refuse(given.map(labelProblem).filter((problem) => problem !== null));
  const pairs = given.map(
    (label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)] as const,
  );
  const twice = pairs.filter(([key, value]) => pairs.some((other) => other[0] === key && other[1] !== value));
  refuse(
    twice.map(([key, value]) => ({
      field: 'label',
      message: `asks for two values of ${key}`,
      value: `${key}=${value}`,
    })),
  );
  return Object.fromEntries(pairs);
};

/** The filter that a query asks for. Throws `invalid_input`. */
export const jobFilter = (query: Static<typeof JobListQuery>): JobFilter => ({
  project: query.project ?? null,
  topic: query.topic ?? null,
  states: readStates(jobStates, query.state),
  image: query.image ?? null,
  labels: readLabels(query.label),
});
