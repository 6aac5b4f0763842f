import { limits } from '../vocabulary/limits.ts';
import { outputNameFault, resultName } from './names.ts';

/** An output file and what is in it. */
export interface NamedContent {
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * Everything that a job left, as one piece of bytes, so that it is delivered whole or not at all, under one digest. A
 * result alone is packed as it is; otherwise a line of our own, a line of JSON with names and sizes, and then the contents
 * one after the other. No JSON begins like that line, so neither is taken for the other.
 */
const firstLine = 'job-orchestrator-outputs 1\n';

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);
const isPack = (packed: Uint8Array): boolean =>
  asBuffer(packed).subarray(0, firstLine.length).equals(Buffer.from(firstLine));

const resultType = 'application/json';
/** The content type of what is packed, but for a result alone, which is `application/json`. */
export const packType = 'application/vnd.job-orchestrator.outputs';

/** The two lines of a pack are never longer: a name of 128 characters and a size, for each of the most files. */
export const packHeaderBytes = 64 + limits.outputFilesMost * (limits.outputNameChars + 48);

/** The content type of a packed output. */
export const outputType = (packed: Uint8Array): string => (isPack(packed) ? packType : resultType);

const isLoneResult = (files: readonly NamedContent[]): boolean =>
  files.length === 1 && files[0]!.name === resultName;

/** Packs the files of an output, one at least, in the order given. */
export const packOutput = (files: readonly NamedContent[]): Uint8Array => {
  if (isLoneResult(files)) return files[0]!.content;
  const header = files.map(({ name, content }) => ({ name, bytes: content.byteLength }));
  return Buffer.concat([
    Buffer.from(`${firstLine}${JSON.stringify(header)}\n`),
    ...files.map(({ content }) => content),
  ]);
};

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

const isEntry = (value: unknown): value is Entry => {
  if (typeof value !== 'object' || value === null) return false;
  const { name, bytes } = value as Partial<Record<keyof Entry, unknown>>;
  return typeof name === 'string' && Number.isSafeInteger(bytes) && (bytes as number) >= 0;
};

const readEntries = (text: string): readonly Entry[] | null => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isEntry) ? value : null;
  } catch {
    return null;
  }
};

const damaged = 'The output is not packed as an output collector packs it.';

const nameFault = (entries: readonly Entry[]): string | null => {
  const fault = entries.map(({ name }) => outputNameFault(name)).find((found) => found !== null);
  if (fault !== undefined) return fault;
  return new Set(entries.map(({ name }) => name)).size === entries.length ? null : damaged;
};

/** The files of a packed output, or why it is none. */
export const unpackOutput = (packed: Uint8Array): readonly NamedContent[] | string => {
  if (!isPack(packed)) return [{ name: resultName, content: packed }];
  const bytes = asBuffer(packed);
  const headerEnd = bytes.subarray(0, packHeaderBytes).indexOf('\n', firstLine.length);
  const entries = headerEnd < 0 ? null : readEntries(bytes.toString('utf8', firstLine.length, headerEnd));
  if (entries === null || entries.length === 0) return damaged;
  const fault = nameFault(entries);
  if (fault !== null) return fault;
  let at = headerEnd + 1;
  const files = entries.map(({ name, bytes: size }) => ({ name, content: bytes.subarray(at, (at += size)) }));
  return at === bytes.length ? files : damaged;
};
