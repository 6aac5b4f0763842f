import { checkJson, invalidInput, Name, schemaProblems, type Problem } from '@job-orchestrator/types';
import { Type, type Static, type TObject, type TSchema } from 'typebox';

const strict = { additionalProperties: false } as const;

/** Parameters of a query; anything that is not named here is refused. */
export const parameters = <Properties extends Record<string, TSchema>>(properties: Properties) =>
  Type.Object(properties, strict);

/** Text becomes what its schema asks for where it plainly is that; otherwise it stays, and the schema refuses it. */
const coerce = (schema: TSchema | undefined, value: unknown): unknown => {
  const { type } = (schema ?? {}) as { readonly type?: string };
  if (type === 'array') return Array.isArray(value) ? value : [value];
  if (type === 'integer')
    return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  // `?verbose` says the same as `?verbose=true`.
  if (type === 'boolean') return value === '' || value === 'true' ? true : value === 'false' ? false : value;
  return value;
};

const readAll = (schema: TObject, raw: object): Record<string, unknown> => {
  const properties: Readonly<Record<string, TSchema>> = schema.properties;
  const known = (name: string): TSchema | undefined =>
    Object.hasOwn(properties, name) ? properties[name] : undefined;
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, coerce(known(name), value)]));
};

/** Refuses problems together, as one `invalid_input`. */
export const refuse = (problems: readonly Problem[]): void => {
  if (problems.length > 0) throw invalidInput(problems);
};

/** A reader of query or path parameters; it throws `invalid_input` naming field, limit and value. */
export const parameterReader = <Schema extends TObject>(
  schema: Schema,
): ((raw: unknown) => Static<Schema>) => {
  const problemsOf = schemaProblems(schema);
  return (raw) => {
    const value = readAll(schema, raw ?? {});
    refuse(checkJson(value));
    refuse(problemsOf(value));
    return value as Static<Schema>;
  };
};

/** `{name}` in a path. */
export const NameParams = parameters({ name: Name });
export const readName = parameterReader(NameParams);

/** `?project=`; `default` where a single thing is named. */
export const ProjectQuery = parameters({ project: Type.Optional(Name) });
export const readProject = parameterReader(ProjectQuery);
