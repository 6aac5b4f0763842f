import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@job-orchestrator/types';
import { applyMigrations, ensureInstallation } from '../migrate/apply.ts';
import { knownMigrations } from '../migrate/migrations.ts';
import type { Store } from '../connection/sql.ts';
import { createEmbeddedStore } from './embedded-store.ts';
import { lockFolder } from './folder-lock.ts';
import { layOutSeed } from './seed.ts';
import { openSessions } from './sessions.ts';
import { startWorker } from './worker-client.ts';

/** True for a folder whose first start came to its end. */
const isComplete = (folder: string): boolean => existsSync(join(folder, 'PG_VERSION'));

const layOut = async (dataDir: string, folder: string): Promise<void> => {
  // Unpacked beside and renamed when done: a kill in the middle leaves nothing that looks like a database.
  const draft = join(dataDir, 'database.new');
  rmSync(draft, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
  await layOutSeed(draft);
  renameSync(draft, folder);
};

const openStore = async (dataDir: string, log: Logger): Promise<Store> => {
  const folder = join(dataDir, 'database');
  if (!isComplete(folder)) await layOut(dataDir, folder);
  return createEmbeddedStore(await openSessions(() => startWorker({ folder, seed: null }, log), log));
};

/** Opens the embedded database of a data folder, taking its lock and bringing its schema forward. */
export const openEmbedded = async (dataDir: string, log: Logger): Promise<Store> => {
  const unlock = await lockFolder(dataDir);
  try {
    const store = await openStore(dataDir, log);
    try {
      await applyMigrations(store, knownMigrations());
      await ensureInstallation(store);
    } catch (error) {
      await store.close();
      throw error;
    }
    return {
      ...store,
      close: async () => {
        await store.close().finally(unlock);
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
};
