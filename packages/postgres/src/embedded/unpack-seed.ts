import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const blockBytes = 512;

interface TarEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly content: Uint8Array;
}

const textOf = (field: Uint8Array): string => Buffer.from(field).toString('utf8').replace(/\0.*$/s, '');

/** The entries of a plain tar archive (ustar), in order. */
function* entriesOf(archive: Uint8Array): Generator<TarEntry> {
  let at = 0;
  // A block of zeros ends the archive.
  while (at + blockBytes <= archive.length && archive[at] !== 0) {
    const header = archive.subarray(at, at + blockBytes);
    const bytes = Number.parseInt(textOf(header.subarray(124, 136)).trim() || '0', 8);
    const prefix = textOf(header.subarray(345, 500));
    const name = textOf(header.subarray(0, 100));
    const content = archive.subarray(at + blockBytes, at + blockBytes + bytes);
    yield { name: prefix === '' ? name : `${prefix}/${name}`, isFolder: header[156] === 0x35, content };
    at += blockBytes * (1 + Math.ceil(bytes / blockBytes));
  }
}

/** Lays out the seed in a new folder, without a database: to let PGlite do it costs a whole start of it more (1.5 s). */
export const unpackSeed = (seed: string, folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { name, isFolder, content } of entriesOf(gunzipSync(readFileSync(seed)))) {
    const path = join(folder, name);
    if (isFolder) mkdirSync(path, { recursive: true, mode: 0o700 });
    else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, content, { mode: 0o600 });
    }
  }
};
