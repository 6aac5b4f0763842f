import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  readSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import { outputTooLarge, tooManyOutputs } from './judge-output.ts';
import { isPassedOver, outputNameFault } from './names.ts';
import type { NamedContent } from './pack.ts';

/** How much a job may leave: bytes of all output files together, and how many files. */
export interface OutputLimits {
  readonly bytes: number;
  readonly files: number;
}

/** What lies where the outputs should be. `files`: one at least, in order of their names. */
export type FoundOutput =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'files'; readonly files: readonly NamedContent[] };

/** What speaks against an output, in a sentence. */
class Refusal extends Error {}
/** The folder changed while it was read: it is read again. */
class Changed extends Error {}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Names in order; more than the limit are counted and not kept, for there may be millions. */
const listNames = (folder: string, { files: most }: OutputLimits): readonly string[] => {
  const names: string[] = [];
  let count = 0;
  const open = opendirSync(folder);
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
      if (isPassedOver(entry.name)) continue;
      count += 1;
      if (count <= most) names.push(entry.name);
    }
  } finally {
    open.closeSync();
  }
  if (count > most) throw new Refusal(tooManyOutputs(count, most));
  return names.sort();
};

const kindOf = (stats: Stats): string => {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  return stats.isDirectory() ? 'a folder' : 'a pipe, a socket or a device';
};

/** Looked at before it is opened: to open a device may do something, and a link may lead to our own secrets. */
const checkedSize = (folder: string, name: string): number => {
  const fault = outputNameFault(name);
  if (fault !== null) throw new Refusal(fault);
  const stats = lstatSync(join(folder, name));
  if (!stats.isFile())
    throw new Refusal(`The output file ${name} is ${kindOf(stats)}; it must be a regular file.`);
  return stats.size;
};

const isSame = (before: Stats, after: Stats): boolean =>
  before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs;

const readWhole = (file: number, size: number): Uint8Array => {
  const before = fstatSync(file);
  // Another file since it was looked at.
  if (!before.isFile() || before.size !== size) throw new Changed();
  const buffer = Buffer.alloc(size);
  let filled = 0;
  for (let read = -1; filled < size && read !== 0; filled += read)
    read = readSync(file, buffer, filled, size - filled, filled);
  if (filled < size || !isSame(before, fstatSync(file))) throw new Changed();
  return buffer;
};

/** O_NOFOLLOW and O_NONBLOCK: what was a file a moment ago may be a link or a FIFO now. */
const readFile = (folder: string, name: string, size: number): NamedContent => {
  const file = openSync(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return { name, content: readWhole(file, size) };
  } finally {
    closeSync(file);
  }
};

const readOnce = (folder: string, limits: OutputLimits): FoundOutput => {
  const sizes = listNames(folder, limits).map((name) => [name, checkedSize(folder, name)] as const);
  if (sizes.length === 0) return { kind: 'none' };
  const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
  if (bytes > limits.bytes) throw new Refusal(outputTooLarge(bytes, limits.bytes));
  return { kind: 'files', files: sizes.map(([name, size]) => readFile(folder, name, size)) };
};

const isNone = (folder: string): boolean => {
  try {
    lstatSync(folder);
    return false;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
};

/** How often a folder that changes meanwhile is read. */
const tries = 3;

/**
 * Reads what an ended program left: the regular files directly in `folder`. The program is not trusted: no link is followed,
 * no device opened, nothing above the limits read. What changes while it is read is read anew, and refused at last.
 */
export const readOutputFolder = (folder: string, limits: OutputLimits): FoundOutput => {
  for (let number = 1; ; number += 1) {
    try {
      return readOnce(folder, limits);
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'refused', message: error.message };
      const changed = error instanceof Changed || codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP';
      if (changed && isNone(folder)) return { kind: 'none' };
      if (changed && number < tries) continue;
      const why = changed
        ? 'changed while it was read; a program must have ended with all that it began'
        : `cannot be read: ${(error as Error).message}`;
      return { kind: 'refused', message: `The output ${why}.` };
    }
  }
};
