import { renameSync, writeFileSync } from 'node:fs';
import { applyMigrations } from '../migrate/apply.ts';
import { knownMigrations } from '../migrate/migrations.ts';
import { createEmbeddedStore } from './embedded-store.ts';
import { openPGlite } from './pglite.ts';
import { seedIsFresh, seedPath, seedStamp, seedStampPath } from './seed.ts';

/** Writes beside the target and renames, so that nobody ever reads half of it. */
const place = (path: string, content: string | Uint8Array): void => {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, content);
  renameSync(draft, path);
};

/** Makes a migrated database in memory and packs it. It has no installation id: each folder gets its own. */
const buildSeed = async (): Promise<void> => {
  const db = await openPGlite(null, null);
  const run = async (text: string, parameters: readonly unknown[]) =>
    parameters.length === 0
      ? ((await db.exec(text)).at(-1)?.rows ?? [])
      : (await db.query(text, [...parameters])).rows;
  const store = createEmbeddedStore({
    current: () => Promise.resolve({ run: run as never }),
    close: () => db.close(),
  });
  await applyMigrations(store, knownMigrations());
  await db.exec('vacuum (analyze)');
  await db.exec('checkpoint');
  const archive = await db.dumpDataDir('gzip');
  place(seedPath, new Uint8Array(await archive.arrayBuffer()));
  place(seedStampPath, seedStamp());
  await store.close();
};

if (!seedIsFresh()) await buildSeed();
