import type { JsonValue } from '../json/json-value.ts';
import { limits } from '../vocabulary/limits.ts';
import type { OutputFile, OutputReport, OutputResult } from '../vocabulary/observation.ts';
import { isJsonName, resultName } from './names.ts';
import { unpackOutput, type NamedContent } from './pack.ts';

/** An output that cannot be taken, and why. */
export const invalidOutput = (message: string): OutputReport & { readonly kind: 'invalid' } => ({
  kind: 'invalid',
  message,
});

/** The one sentence for an output above the limit, in bytes of all its files. */
export const outputTooLarge = (bytes: number, limit: number): string =>
  `The output has ${bytes} bytes; the limit is ${limit}.`;

/** The one sentence for an output of too many files. */
export const tooManyOutputs = (files: number, limit: number): string =>
  `The output has ${files} files; the limit is ${limit}.`;

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
    return `is not valid JSON: ${(error as Error).message}`;
  }
};

const decode = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/** What is wrong with JSON that a job wrote, as the rest of a sentence: UTF-8, depth, JSON, storable. */
const judgeJson = (bytes: Uint8Array): { readonly text: string } | { readonly fault: string } => {
  const text = decode(bytes);
  if (text === null) return { fault: 'is not valid UTF-8.' };
  const depth = jsonDepth(text);
  if (depth > limits.jsonDepth)
    return { fault: `is nested ${depth} levels deep; the limit is ${limits.jsonDepth}.` };
  const parsed = parse(text);
  if (typeof parsed === 'string') return { fault: parsed };
  const found = unstorable(parsed.value);
  return found === null ? { text } : { fault: `contains ${found}.` };
};

/** The sha-256 of bytes, hex. */
export type Hash = (bytes: Uint8Array) => string;

/** The file as it is kept, or why it is not; `*.json` must be JSON. */
const judgeFile = ({ name, content }: NamedContent, hash: Hash): OutputFile | string => {
  const judged = isJsonName(name) ? judgeJson(content) : null;
  if (judged !== null && 'fault' in judged) return `The output file ${name} ${judged.fault}`;
  return { name, content, digest: hash(content) };
};

/** A byte order mark is no part of JSON: what is kept, counted and hashed is the text without it. */
const withoutMark = (content: Uint8Array): Uint8Array =>
  content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf ? content.subarray(3) : content;

const judgeResult = (content: Uint8Array, hash: Hash): OutputResult | string => {
  const kept = withoutMark(content);
  const judged = judgeJson(kept);
  if ('fault' in judged) return `The output ${judged.fault}`;
  return { text: judged.text, bytes: kept.byteLength, digest: hash(kept) };
};

/** Judges what a job left, packed: names, and that what is called JSON is JSON. */
export const judgeOutput = (packed: Uint8Array, hash: Hash): OutputReport => {
  const unpacked = unpackOutput(packed);
  if (typeof unpacked === 'string') return invalidOutput(unpacked);
  const files: OutputFile[] = [];
  let result: OutputResult | null = null;
  for (const each of unpacked) {
    const judged = each.name === resultName ? judgeResult(each.content, hash) : judgeFile(each, hash);
    if (typeof judged === 'string') return invalidOutput(judged);
    if ('name' in judged) files.push(judged);
    else result = judged;
  }
  return { kind: 'ready', result, files };
};
