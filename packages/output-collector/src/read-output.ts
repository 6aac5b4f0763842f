import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { outputTooLarge } from '@job-orchestrator/types/outputs';

/** What lies where the output should be. */
export type FoundOutput =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly digest: string };

const refused = (message: string): FoundOutput => ({ kind: 'refused', message });

const readWhole = (file: number, size: number): Uint8Array => {
  const buffer = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const read = readSync(file, buffer, filled, size - filled, filled);
    if (read === 0) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
};

const readOpen = (file: number, limitBytes: number): FoundOutput => {
  const stats = fstatSync(file);
  if (!stats.isFile()) return refused('The output is not a regular file.');
  if (stats.size > limitBytes) return refused(outputTooLarge(stats.size, limitBytes));
  const content = readWhole(file, stats.size);
  return { kind: 'file', content, digest: createHash('sha256').update(content).digest('hex') };
};

/**
 * Reads what the program left. The program is not trusted: O_NOFOLLOW, or a link to our token would make it the output;
 * O_NONBLOCK, or a FIFO would hold us for ever.
 */
export const readOutput = (path: string, limitBytes: number): FoundOutput => {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'none' };
    if (code === 'ELOOP') return refused('The output is a symbolic link; it must be a regular file.');
    return refused(`The output cannot be read: ${message}`);
  }
  try {
    return readOpen(file, limitBytes);
  } finally {
    closeSync(file);
  }
};
