import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One step of the schema. `minCompatible`: the least schema version that a program must know to work on it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly minCompatible: number;
  readonly text: string;
}

const folder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const fileName = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * A migration says `-- min_compatible: N` where programs that know only versions below N cannot go on working beside
 * it; without it, any program that knows version 1 can.
 */
const read = (file: string): Migration => {
  const version = Number(fileName.exec(file)?.[1]);
  const text = readFileSync(`${folder}${file}`, 'utf8');
  const minCompatible = Number(/^-- min_compatible: (\d+)$/m.exec(text)?.[1] ?? 1);
  return { version, name: file.slice(0, -'.sql'.length), minCompatible, text };
};

/** All migrations that this program knows, in order; numbered from 1 without gaps. */
export const knownMigrations = (): readonly Migration[] => {
  const migrations = readdirSync(folder)
    .filter((file) => fileName.test(file))
    .toSorted()
    .map(read);
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1)
      throw new Error(`migration ${migration.name} should have number ${index + 1}`);
  });
  return migrations;
};
