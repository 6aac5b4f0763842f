import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { limits, type JsonValue, type OutputReport } from '@job-orchestrator/types';

const invalid = (message: string): OutputReport => ({ kind: 'invalid', message });

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

/** Judges an output's bytes: valid UTF-8, depth, JSON, storable. `digest` is the sha-256 of the bytes as written. */
export const judgeOutput = (bytes: Uint8Array): OutputReport => {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return invalid('The output is not valid UTF-8.');
  }
  const depth = jsonDepth(text);
  if (depth > limits.jsonDepth)
    return invalid(`The output is nested ${depth} levels deep; the limit is ${limits.jsonDepth}.`);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    return invalid(`The output is not valid JSON: ${(error as Error).message}`);
  }
  const found = unstorable(value);
  if (found !== null) return invalid(`The output contains ${found}.`);
  return {
    kind: 'ready',
    value,
    bytes: bytes.byteLength,
    digest: createHash('sha256').update(bytes).digest('hex'),
  };
};

const tooLarge = (bytes: number): OutputReport =>
  invalid(`The output has ${bytes} bytes; the limit is ${limits.outputBytes}.`);

const readBounded = async (file: FileHandle): Promise<OutputReport> => {
  const stats = await file.stat();
  if (!stats.isFile()) return invalid('The output is not a regular file.');
  if (stats.size > limits.outputBytes) return tooLarge(stats.size);
  const buffer = Buffer.alloc(limits.outputBytes + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  return bytesRead > limits.outputBytes ? tooLarge(bytesRead) : judgeOutput(buffer.subarray(0, bytesRead));
};

/** Reads what the ended program left at JOB_ORCHESTRATOR_OUTPUT. O_NONBLOCK, or a FIFO there would hold us forever. */
export const readOutput = async (path: string): Promise<OutputReport> => {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'none' };
    return invalid(`The output cannot be read: ${(error as Error).message}`);
  }
  try {
    return await readBounded(file);
  } finally {
    await file.close();
  }
};
