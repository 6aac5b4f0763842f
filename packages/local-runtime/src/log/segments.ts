import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LogTail } from '@job-orchestrator/types';

/**
 * An attempt's log: the program appends to `current` (O_APPEND, stdout and stderr on one descriptor, so in order).
 * What was rotated away stands in `segment-START`, where START is the offset of its first byte in the whole log; the
 * offset of `current` is the end of the last segment. All here is synchronous, so that no reader of this process sees
 * a rotation half done.
 */
interface Piece {
  readonly path: string;
  readonly start: number;
  readonly size: number;
}

const currentPath = (folder: string): string => join(folder, 'current');
const segmentPath = (folder: string, start: number): string => join(folder, `segment-${start}`);

const segments = (folder: string): Piece[] =>
  readdirSync(folder)
    .map((name) => /^segment-(\d+)$/.exec(name)?.[1])
    .filter((start) => start !== undefined)
    .map(Number)
    .map((start) => ({
      start,
      path: segmentPath(folder, start),
      size: statSync(segmentPath(folder, start)).size,
    }))
    .toSorted((one, other) => one.start - other.start);

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

const endOfLast = (rotated: readonly Piece[]): number => {
  const last = rotated.at(-1);
  return last === undefined ? 0 : last.start + last.size;
};

const startOfCurrent = (folder: string): number => endOfLast(segments(folder));

const pieces = (folder: string): readonly Piece[] => {
  const rotated = segments(folder);
  return [
    ...rotated,
    { start: endOfLast(rotated), path: currentPath(folder), size: sizeOf(currentPath(folder)) },
  ];
};

const endOf = (piece: Piece): number => piece.start + piece.size;

/** How many bytes the log had so far, also those that are gone. Throws ENOENT without a log folder. */
const logLength = (folder: string): number => Math.max(...pieces(folder).map(endOf));

const readPiece = (piece: Piece, position: number, maxBytes: number): Uint8Array => {
  const buffer = Buffer.alloc(Math.min(maxBytes, endOf(piece) - position));
  const file = openSync(piece.path, 'r');
  try {
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, position - piece.start));
  } finally {
    closeSync(file);
  }
};

/** Bytes at `position`, at most `maxBytes`; where they were dropped already, the oldest that are left. */
export const readLog = (
  folder: string,
  position: number,
  maxBytes: number,
): { readonly bytes: Uint8Array; readonly next: number } => {
  const piece = pieces(folder).find((candidate) => candidate.size > 0 && endOf(candidate) > position);
  if (piece === undefined) return { bytes: new Uint8Array(), next: position };
  const from = Math.max(position, piece.start);
  const bytes = readPiece(piece, from, maxBytes);
  return { bytes, next: from + bytes.byteLength };
};

/** The last `maxBytes` of the log, as far as they are left. Throws ENOENT without a log folder. */
export const readTail = (folder: string, maxBytes: number): LogTail => {
  const totalBytes = logLength(folder);
  const chunks: Uint8Array[] = [];
  for (let position = Math.max(0, totalBytes - maxBytes); position < totalBytes;) {
    const { bytes, next } = readLog(folder, position, totalBytes - position);
    if (bytes.byteLength === 0) break;
    chunks.push(bytes);
    position = next;
  }
  // What a program adds in the instant of a rotation is lost, and nobody counts it.
  const extent = segments(folder).length === 0 ? 'exact' : 'at_least';
  return { bytes: Buffer.concat(chunks), totalBytes, extent };
};

const copyChunkBytes = 1_048_576;
/** What a program may add while we copy; one that writes faster than we copy would hold us here for ever. */
const catchUpBytes = 4_194_304;

/** Copies from `position` to the end as it is when reached, at most `mostBytes`; returns where it came to. */
const copyToEnd = (from: number, to: number, position: number, mostBytes: number): number => {
  const buffer = Buffer.alloc(Math.min(copyChunkBytes, mostBytes));
  let copied = 0;
  while (copied < mostBytes) {
    const read = readSync(from, buffer, 0, Math.min(buffer.length, mostBytes - copied), position + copied);
    if (read === 0) break;
    writeSync(to, buffer, 0, read);
    copied += read;
  }
  return position + copied;
};

const dropSegmentsBefore = (folder: string, start: number): void => {
  for (const piece of segments(folder)) if (piece.start < start) rmSync(piece.path, { force: true });
};

/** Of what is lost because its program writes faster than we copy, the end stays: it may be the end of the log. */
const endBytes = 65_536;

/** Writes a segment with what `current` holds from `from` on, at most `mostBytes`; returns where it came to. */
const copySegment = (
  folder: string,
  current: number,
  base: number,
  from: number,
  mostBytes: number,
): number => {
  const unfinished = join(folder, 'rotating');
  const segment = openSync(unfinished, 'w');
  try {
    return copyToEnd(current, segment, from, mostBytes);
  } finally {
    closeSync(segment);
    renameSync(unfinished, segmentPath(folder, base + from));
  }
};

/**
 * Moves the last `maxBytes` of `current` into a segment. Of what a program that writes faster than we copy added meanwhile
 * the end becomes a segment of its own, and what lies between them is lost and counted; only what it adds while that end is
 * copied is not.
 */
const rotate = (folder: string, base: number, maxBytes: number): void => {
  const current = openSync(currentPath(folder), 'r+');
  try {
    const skipped = Math.max(0, fstatSync(current).size - maxBytes);
    const most = maxBytes + Math.min(catchUpBytes, maxBytes);
    const copied = copySegment(folder, current, base, skipped, most);
    const { size } = fstatSync(current);
    if (size > copied) copySegment(folder, current, base, Math.max(copied, size - endBytes), endBytes);
    ftruncateSync(current, 0);
    dropSegmentsBefore(folder, base + skipped);
  } finally {
    closeSync(current);
  }
};

/**
 * Keeps a log within about twice `maxBytes`; returns the size of `current`, to be given as `seenBytes` next time.
 * A program that opens /dev/stdout anew truncates the file itself: what we saw of it still counts.
 */
export const tendLog = (folder: string, seenBytes: number, maxBytes: number): number => {
  const size = sizeOf(currentPath(folder));
  if (size >= seenBytes && size <= maxBytes) return size;
  const base = startOfCurrent(folder);
  if (size < seenBytes) writeFileSync(segmentPath(folder, base + seenBytes), '');
  if (size <= maxBytes) return size;
  rotate(folder, size < seenBytes ? base + seenBytes : base, maxBytes);
  return 0;
};
