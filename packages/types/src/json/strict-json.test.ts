import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isOrchestratorError, type OrchestratorError } from '../errors/orchestrator-error.ts';
import { limits } from '../vocabulary/limits.ts';
import { decodeJson } from './strict-json.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const refusal = (text: string | Uint8Array): OrchestratorError => {
  try {
    decodeJson(typeof text === 'string' ? bytes(text) : text);
  } catch (error) {
    if (isOrchestratorError(error)) return error;
    throw error;
  }
  throw new Error('was not refused');
};

describe('decodeJson', () => {
  test('reads whatever JSON.stringify writes of safe values', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    const key = text.filter((value) => value !== '__proto__');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('list'), tie('map')),
      leaf: fc.oneof(
        text,
        fc.maxSafeInteger(),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      list: fc.array(tie('value'), { maxLength: 5 }),
      map: fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    }));
    fc.assert(
      fc.property(value, (original) => {
        const written = JSON.stringify(original);
        expect(decodeJson(bytes(written))).toEqual(JSON.parse(written));
      }),
    );
  });

  test.each([
    ['{"a":1,"a":2}', 'line 1, column 8', 'twice'],
    ['{"a":\n 1,}', 'line 2, column 4', 'double quotes'],
    ['{"a":1} x', 'line 1, column 9', ''],
    ['', 'line 1, column 1', 'a value is expected'],
    ['// no\n1', 'line 1, column 1', 'comments'],
    ['{"x":{"b":1,"c":[{"d":1,"d":2}]}}', 'line 1, column 25', 'x.c[0].d'],
  ])('says where %j breaks the syntax', (text, field, words) => {
    const error = refusal(text);
    expect(error.code).toBe('malformed_json');
    expect(error.problems[0]?.field).toBe(field);
    expect(error.message).toContain(words);
  });

  test('accepts the deepest allowed nesting and refuses one level more, also 200,000 of them', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(decodeJson(bytes(nested(limits.jsonDepth)))).toBeDefined();
    expect(refusal(nested(limits.jsonDepth + 1)).message).toContain('64 levels');
    expect(refusal('['.repeat(200_000)).message).toContain('64 levels');
    expect(refusal('{"a":'.repeat(200_000)).message).toContain('64 levels');
  });

  test('refuses invalid UTF-8', () => {
    expect(refusal(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain('UTF-8');
  });

  test.each([
    ['{"a":"\\u0000"}', 'a', 'NUL'],
    ['{"a":{"b\\u0000":1}}', 'a.b\0', 'NUL'],
    ['["\\ud800"]', '[0]', 'surrogate'],
    ['{"n":1e400}', 'n', 'finite'],
    ['{"n":9007199254740993}', 'n', '9007199254740991'],
    ['{"n":-9007199254740993}', 'n', '9007199254740991'],
    ['{"__proto__":{"x":1}}', '__proto__', 'never allowed'],
    ['{"constructor":{"prototype":1}}', 'constructor', 'never allowed'],
  ])('refuses %s, naming the field', (text, field, words) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid_input');
    expect(error.problems[0]).toMatchObject({ field });
    expect(error.problems[0]?.message).toContain(words);
  });

  test('accepts a key that only looks like a poisoned one', () => {
    expect(decodeJson(bytes('{"constructor":"Ferrari"}'))).toEqual({ constructor: 'Ferrari' });
  });
});
