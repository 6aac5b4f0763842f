import type { TSchema } from 'typebox';

type Json = null | boolean | number | string | Json[] | JsonMap;
interface JsonMap {
  [key: string]: Json;
}

const isMap = (value: Json): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas that have an `$id`, by it. */
export type NamedSchemas = Map<string, JsonMap>;

const walk = (value: Json, named: NamedSchemas): Json => {
  if (Array.isArray(value)) return value.map((item) => walk(item, named));
  if (!isMap(value)) return value;
  const { $id, ...rest } = value;
  const inside = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, walk(item, named)]));
  if (typeof $id !== 'string') return inside;
  named.set($id, { $id, ...inside });
  return { $ref: `${$id}#` };
};

/**
 * The schema with references in place of everything that has an `$id`, and those gathered in `named`: so generators
 * give each one type with one name, however deep in how many answers it stands. Changes nothing in place.
 */
export const withReferences = (schema: TSchema, named: NamedSchemas): JsonMap =>
  walk(JSON.parse(JSON.stringify(schema)) as Json, named) as JsonMap;
