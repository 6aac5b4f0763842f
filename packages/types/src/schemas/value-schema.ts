import { Type } from 'typebox';
import type { JsonValue } from '../json/json-value.ts';
import { limits } from '../vocabulary/limits.ts';
import { oneOf } from './response-parts.ts';

/** The formats of text that values are checked for. */
export const valueFormats = ['date', 'date-time', 'uuid', 'uri', 'email'] as const;
const valueTypes = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object'] as const;
type ValueType = (typeof valueTypes)[number];

/**
 * The part of JSON Schema (draft 2020-12) that describes values of a DAG. No `$ref`: a schema is a tree of bounded
 * size. `pattern` is RE2, which takes linear time.
 */
export interface ValueSchema {
  readonly title?: string;
  readonly description?: string;
  readonly default?: JsonValue;
  readonly examples?: readonly JsonValue[];
  readonly type?: ValueType | readonly ValueType[];
  readonly enum?: readonly JsonValue[];
  readonly const?: JsonValue;
  readonly format?: (typeof valueFormats)[number];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly items?: ValueSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly properties?: { readonly [name: string]: ValueSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ValueSchema;
  readonly anyOf?: readonly ValueSchema[];
  readonly allOf?: readonly ValueSchema[];
  readonly oneOf?: readonly ValueSchema[];
  readonly not?: ValueSchema;
}

const Any = Type.Unsafe<JsonValue>({});
const Reference = Type.Unsafe<ValueSchema>({ $ref: '#/$defs/ValueSchema' });
const References = Type.Array(Reference, { minItems: 1 });
const Count = Type.Integer({ minimum: 0 });

/** The schema of a `ValueSchema`, for the `$defs` of whatever refers to one. */
export const valueSchemaDefinition = Type.Object(
  {
    title: Type.String(),
    description: Type.String(),
    default: Any,
    examples: Type.Array(Any),
    type: Type.Unsafe<ValueType | readonly ValueType[]>({
      type: ['string', 'array'],
      if: { type: 'string' },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: oneOf(valueTypes),
      else: { items: oneOf(valueTypes), minItems: 1 },
    }),
    enum: Type.Array(Any, { minItems: 1 }),
    const: Any,
    format: oneOf(valueFormats),
    pattern: Type.String({ maxLength: limits.dag.patternChars }),
    minLength: Count,
    maxLength: Count,
    minimum: Type.Number(),
    maximum: Type.Number(),
    exclusiveMinimum: Type.Number(),
    exclusiveMaximum: Type.Number(),
    multipleOf: Type.Number({ exclusiveMinimum: 0 }),
    items: Reference,
    minItems: Count,
    maxItems: Count,
    uniqueItems: Type.Boolean(),
    properties: Type.Record(Type.String(), Reference, { additionalProperties: false }),
    required: Type.Array(Type.String()),
    additionalProperties: Type.Unsafe<boolean | ValueSchema>({
      type: ['boolean', 'object'],
      if: { type: 'object' },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: Reference,
    }),
    anyOf: References,
    allOf: References,
    oneOf: References,
    not: Reference,
  },
  { additionalProperties: false, required: [], title: 'A JSON Schema that describes a value' },
);

/** Refers to `valueSchemaDefinition` in the `$defs` of the schema around it. */
export const ValueSchemaReference = Reference;
