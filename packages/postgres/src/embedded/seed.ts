import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { knownMigrations } from '../migrate/migrations.ts';

/** The archive that new data folders begin from, and beside it what it was made of. */
export const seedPath = fileURLToPath(new URL('./seed.tar.gz', import.meta.url));
export const seedStampPath = fileURLToPath(new URL('./seed.stamp', import.meta.url));

const pgliteVersion = (): string => {
  const main = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(readFileSync(join(dirname(main), '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
};

/** Changes with PGlite's version and with every migration. */
export const seedStamp = (): string => {
  const hash = createHash('sha256').update(pgliteVersion());
  for (const { name, text } of knownMigrations()) hash.update(name).update(text);
  return hash.digest('hex');
};

export const seedIsFresh = (): boolean =>
  existsSync(seedPath) && existsSync(seedStampPath) && readFileSync(seedStampPath, 'utf8') === seedStamp();

const scriptPath = fileURLToPath(new URL('./build-seed.js', import.meta.url));

/**
 * The seed archive, made now if the build did not: in a process of its own, for making a database takes 800 MB that
 * the serving process would never give back.
 */
const ensureSeed = async (): Promise<string> => {
  if (!seedIsFresh()) await promisify(execFile)(process.execPath, [scriptPath]);
  return seedPath;
};

const unpackPath = fileURLToPath(new URL('./unpack-seed-here.js', import.meta.url));

/** A new folder with the seed in it, unpacked by a process of its own: 90 MB of buffers that we would keep for long. */
export const layOutSeed = async (folder: string): Promise<void> => {
  await promisify(execFile)(process.execPath, [unpackPath, await ensureSeed(), folder]);
};
