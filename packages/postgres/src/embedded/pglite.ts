import { openAsBlob } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';

/** With the default of 128 MB a warm process is at 285 MB; with 16 MB at 172 (measured). */
const settings = ['-c', 'shared_buffers=16MB', '-c', 'timezone=UTC'];

/** Opens a PGlite folder; a new one begins from `seed`, or, without, from initdb: 2.5 s and 800 MB. */
export const openPGlite = async (folder: string | null, seed: string | null): Promise<PGlite> => {
  const startParams = [...PGlite.defaultStartParams, ...settings];
  return PGlite.create({
    startParams,
    ...(folder === null ? {} : { dataDir: folder }),
    ...(seed === null ? {} : { loadDataDir: await openAsBlob(seed) }),
  });
};
