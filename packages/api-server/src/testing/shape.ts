import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { expect } from 'vitest';

/** Fails unless a value has exactly the fields that its schema, and so /openapi.json, promises. */
export const expectShape = (schema: TSchema, value: unknown): void => {
  expect([...Value.Errors(schema, value)]).toEqual([]);
  expect(Value.Clean(schema, structuredClone(value))).toEqual(value);
};
