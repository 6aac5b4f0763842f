import { RE2JS } from '@bufbuild/re2';
import {
  invalidInput,
  isDay,
  didYouMean,
  mapProblems,
  schemaErrorProblems,
  valueFormats,
  type JsonObject,
  type JsonValue,
  type Problem,
  type ValueSchema,
} from '@job-orchestrator/types';
import { Ajv, type ValidateFunction } from 'ajv';
import { canonicalJson } from '../compile/canonical-json.ts';

type Format = (typeof valueFormats)[number];

const formats: Readonly<Record<Format, (text: string) => boolean>> = {
  date: isDay,
  'date-time': (text) =>
    isDay(text.slice(0, 10)) &&
    /^[^Tt]+[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text)),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
  email: (text) => /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/.test(text),
};

/** Users' patterns run in the server: RE2 takes linear time, where JavaScript's may take for ever. */
const linearTime = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return { test: (text: string) => compiled.test(text) };
  },
  { code: 'RE2JS' },
);

/** True for a pattern that RE2 takes. */
export const isPattern = (pattern: string): boolean => {
  try {
    return RE2JS.compile(pattern) !== null;
  } catch {
    return false;
  }
};

const compile = (schema: object): ValidateFunction => {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, code: { regExp: linearTime } });
  for (const name of valueFormats) ajv.addFormat(name, formats[name]);
  return ajv.compile(schema);
};

/** Compiling takes milliseconds, and every item of a node checks its result. */
const validators = new Map<string, ValidateFunction>();
const mostValidators = 512;

const validatorOf = (schema: object): ValidateFunction => {
  const key = canonicalJson(schema as JsonObject);
  const known = validators.get(key);
  if (known !== undefined) return known;
  const validate = compile(schema);
  const oldest = validators.keys().next().value;
  if (validators.size >= mostValidators && oldest !== undefined) validators.delete(oldest);
  validators.set(key, validate);
  return validate;
};

const formatWords: Readonly<Record<Format, string>> = {
  date: 'a date such as 2026-01-31',
  'date-time': 'a date and time with a zone, such as 2026-01-31T08:00:00Z',
  uuid: 'a UUID',
  uri: 'a URI with its scheme',
  email: 'an e-mail address',
};

/** What a value breaks of a schema, in plain words, the first 20; empty when it fits. */
const problemsOf = (schema: object, value: unknown): readonly Problem[] => {
  const validate = validatorOf(schema);
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  return schemaErrorProblems(errors).map((problem) =>
    problem.message.startsWith('must be a date and time between')
      ? { ...problem, message: formatMessage(errors, problem) }
      : problem,
  );
};

const formatMessage = (errors: NonNullable<ValidateFunction['errors']>, problem: Problem): string => {
  const error = errors.find(
    ({ keyword, data }) => keyword === 'format' && String(data).startsWith(problem.value?.slice(0, 61) ?? ''),
  );
  return `must be ${formatWords[(error?.params['format'] ?? 'date-time') as Format]}`;
};

/** What a value breaks of one schema; fields are relative to the value. */
export const valueProblems = (schema: ValueSchema, value: JsonValue): readonly Problem[] =>
  problemsOf(schema, value);

const within = (prefix: string, problems: readonly Problem[]): readonly Problem[] =>
  mapProblems(problems, (problem) => ({
    ...problem,
    field:
      problem.field === ''
        ? prefix
        : problem.field.startsWith('[')
          ? `${prefix}${problem.field}`
          : `${prefix}.${problem.field}`,
  }));

type Declared = Readonly<Record<string, ValueSchema>>;

const hasDefault = (schema: ValueSchema): boolean => Object.hasOwn(schema, 'default');

const defaultsOf = (declared: Declared): JsonObject =>
  Object.fromEntries(
    Object.entries(declared).flatMap(([name, schema]) =>
      hasDefault(schema) ? [[name, schema.default!]] : [],
    ),
  );

const schemaOfInputs = (declared: Declared): object => ({
  type: 'object',
  properties: declared,
  required: Object.keys(declared).filter((name) => !hasDefault(declared[name]!)),
  additionalProperties: false,
});

/** Of a name that is none of the inputs: which there are, or what was meant. */
const asInput = (declared: Declared, problem: Problem): Problem => {
  if (problem.value !== problem.field || Object.hasOwn(declared, problem.field)) return problem;
  const names = Object.keys(declared);
  const near = didYouMean(problem.field, names);
  const known = names.length === 0 ? ', which takes none' : `, which takes ${names.slice(0, 20).join(', ')}`;
  const message = `is not an input of the DAG${near === null ? known : `; did you mean ${near}?`}`;
  return { ...problem, message };
};

/**
 * The inputs of a run: what was given, with the defaults of what was not. Throws `invalid_input` with each input that
 * is unknown, missing or does not fit its schema (fields such as `inputs.day`).
 */
export const completeInputs = (declared: Declared, given: JsonObject): JsonObject => {
  const problems = problemsOf(schemaOfInputs(declared), given);
  if (problems.length > 0)
    throw invalidInput(
      within(
        'inputs',
        mapProblems(problems, (one) => asInput(declared, one)),
      ),
    );
  return { ...defaultsOf(declared), ...given };
};

/** What a job's result breaks of the outputs that its node declares: each is required, more are allowed. Empty: it fits. */
export const outputProblems = (declared: Declared, result: JsonValue): readonly Problem[] =>
  within(
    'outputs',
    problemsOf({ type: 'object', properties: declared, required: Object.keys(declared) }, result),
  );
