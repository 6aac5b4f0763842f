import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { firstProblems, type Problem } from '../errors/problems.ts';
import { fieldPath } from '../json/check-json.ts';
import { isDay } from './calendar.ts';
import { didYouMean } from './did-you-mean.ts';
import { foreignFieldMessage } from './foreign-fields.ts';

// Schemas name one another by $id: a batch brings that of a job along, and compiling that one too must not clash with it.
const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, addUsedSchema: false });
/** RFC 3339 with a zone, in a range that PostgreSQL, JavaScript and people all read alike. */
ajv.addFormat('date-time', {
  type: 'string',
  validate: (text: string) =>
    /^(19[7-9]\d|20\d\d|21\d\d)-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/.test(text) &&
    isDay(text.slice(0, 10)) &&
    !Number.isNaN(Date.parse(text)),
});

const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  return text.length > 64 ? `${text.slice(0, 61)}…` : text;
};

/** A text in the place of a number or of true and false: `"1"`, for `found: 1` would say that it is one. */
const shownOf = ({ keyword, data }: ErrorObject): string =>
  keyword === 'type' && typeof data === 'string' && /^(-?\d[\d.]*|true|false|null)$/.test(data)
    ? shown(JSON.stringify(data))
    : shown(data);

const pathOf = (error: ErrorObject): (string | number)[] =>
  error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));

/** A map with free names is closed only to what no pattern matches: line breaks. */
const nameless = (field: string): string =>
  /[\n\r\u2028\u2029]/.test(field)
    ? 'has a name that is not allowed: it holds a line break'
    : 'is not known here: nothing may be given';

const unknownField = (error: ErrorObject): Problem => {
  const field = String(error.params['additionalProperty']);
  const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
  const near = didYouMean(field, known);
  const message =
    foreignFieldMessage(field, known) ??
    (known.length === 0
      ? nameless(field)
      : near === null
        ? `is not a known field; known are ${known.join(', ')}`
        : `is not a known field; did you mean ${near}?`);
  return { field: fieldPath([...pathOf(error), field]), message, value: shown(field) };
};

const articles: Readonly<Record<string, string>> = {
  array: 'a list',
  'array,string': 'a list or an expression',
  'boolean,object': 'true, false or a map',
  integer: 'a whole number',
  object: 'a map',
  'string,number': 'a quantity such as 2, 500m or 1Gi',
};

const patternMessages: Readonly<Record<string, string>> = {
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$':
    "must consist of lower-case letters, digits and '-', and begin and end with a letter or digit",
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$':
    "must be a name of Kubernetes: lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
};

/** `runing` → `must be one of running, failed; did you mean running?` */
const notAllowed = (error: ErrorObject): string => {
  const allowed = (error.params['allowedValues'] as readonly unknown[]).map(shown);
  const near = typeof error.data === 'string' ? didYouMean(error.data, allowed) : null;
  return `must be one of ${allowed.join(', ')}${near === null ? '' : `; did you mean ${near}?`}`;
};

const notEmpty = 'must not be empty';

const messages: Readonly<Record<string, (error: ErrorObject) => string>> = {
  enum: notAllowed,
  maxProperties: (error) => `must have at most ${error.params['limit']} entries`,
  type: (error) => `must be ${articles[String(error.params['type'])] ?? `a ${String(error.params['type'])}`}`,
  maxLength: (error) => `must be at most ${error.params['limit']} characters`,
  minLength: (error) =>
    error.params['limit'] === 1 ? notEmpty : `must be at least ${error.params['limit']} characters`,
  maxItems: (error) => `must have at most ${error.params['limit']} items`,
  minItems: (error) => `must have at least ${error.params['limit']} item`,
  minimum: (error) => `must be at least ${error.params['limit']}`,
  maximum: (error) => `must be at most ${error.params['limit']}`,
  pattern: (error) =>
    patternMessages[String(error.params['pattern'])] ?? `must match ${error.params['pattern']}`,
  format: () => 'must be a date and time between 1970 and 2199 with a zone, such as 2026-01-31T08:00:00Z',
};

const toProblem = (error: ErrorObject): Problem => {
  if (error.keyword === 'additionalProperties') return unknownField(error);
  if (error.keyword === 'required')
    return {
      field: fieldPath([...pathOf(error), String(error.params['missingProperty'])]),
      message: 'is required',
    };
  const message = messages[error.keyword]?.(error) ?? error.message ?? 'is refused';
  const limit = message === notEmpty ? undefined : (error.params['limit'] as number | undefined);
  return {
    field: fieldPath(pathOf(error)),
    message,
    ...(limit === undefined ? {} : { limit }),
    value: shownOf(error),
  };
};

/** That a text is empty says enough: of what letters it should be is another question. */
const isTooShort = (errors: readonly ErrorObject[], { instancePath }: ErrorObject): boolean =>
  errors.some((error) => error.keyword === 'minLength' && error.instancePath === instancePath);

/**
 * The first errors of ajv in plain words; the validator must be made with `allErrors` and `verbose`.
 * `if` is left out: it only says that its branch failed, which the branch says better.
 */
export const schemaErrorProblems = (errors: readonly ErrorObject[]): readonly Problem[] =>
  firstProblems(
    errors.filter(
      (error) => error.keyword !== 'if' && !(error.keyword === 'pattern' && isTooShort(errors, error)),
    ),
    toProblem,
  );

/** Compiles a schema into a function that lists what a value breaks, in plain words; empty when it fits. */
export const schemaProblems = (schema: TSchema): ((value: unknown) => readonly Problem[]) => {
  let validate: ValidateFunction | null = null;
  return (value) => {
    validate ??= ajv.compile(schema);
    return validate(value) ? [] : schemaErrorProblems(validate.errors ?? []);
  };
};
