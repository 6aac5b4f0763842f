import type { JsonValue } from '../json/json-value.ts';
import { limits } from '../vocabulary/limits.ts';
import type { OutputReport } from '../vocabulary/observation.ts';

/** An output that cannot be taken, and why. */
export const invalidOutput = (message: string): OutputReport & { readonly kind: 'invalid' } => ({
  kind: 'invalid',
  message,
});

/** The one sentence for an output above the limit, in bytes. */
export const outputTooLarge = (bytes: number, limit: number): string =>
  `The output has ${bytes} bytes; the limit is ${limit}.`;

/** The deepest nesting of arrays and objects in JSON text; counted before parsing, strings skipped. */
export const jsonDepth = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (inString) {
      if (char === '\\') index += 1;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') deepest = Math.max(deepest, (depth += 1));
    else if (char === ']' || char === '}') depth -= 1;
  }
  return deepest;
};

/** What JSON may carry but the database may not: NUL, lone surrogates, numbers beyond a double. Null: nothing. */
const unstorable = (value: JsonValue): string | null => {
  if (typeof value === 'string') {
    if (value.includes('\0')) return 'a string with the character NUL (\\u0000)';
    return value.isWellFormed() ? null : 'a string with half of a surrogate pair';
  }
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'a number that is too large';
  if (value === null || typeof value === 'boolean') return null;
  const parts = Array.isArray(value) ? (value as readonly JsonValue[]) : Object.entries(value).flat();
  for (const part of parts) {
    const found = unstorable(part);
    if (found !== null) return found;
  }
  return null;
};

const parse = (text: string): { readonly value: JsonValue } | string => {
  try {
    return { value: JSON.parse(text) as JsonValue };
  } catch (error) {
    return `The output is not valid JSON: ${(error as Error).message}`;
  }
};

const decode = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/** Judges an output's bytes: valid UTF-8, depth, JSON, storable. `digest` is the sha-256 (hex) of the bytes as written. */
export const judgeOutput = (bytes: Uint8Array, digest: string): OutputReport => {
  const text = decode(bytes);
  if (text === null) return invalidOutput('The output is not valid UTF-8.');
  const depth = jsonDepth(text);
  if (depth > limits.jsonDepth)
    return invalidOutput(`The output is nested ${depth} levels deep; the limit is ${limits.jsonDepth}.`);
  const parsed = parse(text);
  if (typeof parsed === 'string') return invalidOutput(parsed);
  const found = unstorable(parsed.value);
  if (found !== null) return invalidOutput(`The output contains ${found}.`);
  return { kind: 'ready', value: parsed.value, bytes: bytes.byteLength, digest };
};
