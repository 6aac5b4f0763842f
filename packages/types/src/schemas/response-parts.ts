import { Type, type Static, type TSchema } from 'typebox';
import type { JsonObject, JsonValue } from '../json/json-value.ts';
import { failureCategories } from '../vocabulary/failures.ts';

/** A static type whose every level is read-only: what came over the wire is never changed in place. */
export type ReadonlyDeep<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? readonly ReadonlyDeep<Item>[]
    : { readonly [Key in keyof T]: ReadonlyDeep<T[Key]> };

/** The static type of a schema of the API. */
export type Dto<Schema extends TSchema> = ReadonlyDeep<Static<Schema>>;

/** One of a list of words, as a plain string with `enum`, which every generator understands. */
export const oneOf = <Word extends string>(words: readonly Word[]) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words] });

export const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** RFC 3339 in UTC with milliseconds. */
export const Timestamp = Type.String({ format: 'date-time' });
export const Id = Type.String({ format: 'uuid' });
export const Count = Type.Integer({ minimum: 0 });
export const Strings = Type.Array(Type.String());
export const StringMap = Type.Record(Type.String(), Type.String());
export const Json = Type.Unsafe<JsonValue>({ description: 'Any JSON value.' });
export const JsonMap = Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true });

export const FailureSchema = Type.Object(
  {
    category: oneOf(failureCategories),
    reason: Type.String({ description: 'A reason code; docs/errors.md lists them.' }),
    message: Type.String(),
    hint: Type.String(),
    evidence: JsonMap,
  },
  { $id: 'Failure', title: 'Why an attempt failed, and what to do' },
);

/** One page; `next` is the cursor of the next one, null on the last. */
export const pageOf = <Item extends TSchema>(id: string, item: Item) =>
  Type.Object(
    { items: Type.Array(item), next: nullable(Type.String()) },
    { $id: id, title: 'One page of a list' },
  );

/** A whole list. */
export const listOf = <Item extends TSchema>(id: string, item: Item) =>
  Type.Object({ items: Type.Array(item) }, { $id: id, title: 'A whole list' });
