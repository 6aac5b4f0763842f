import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@job-orchestrator/types';
import { applyMigrations, ensureInstallation } from '../migrate/apply.ts';
import { knownMigrations } from '../migrate/migrations.ts';
import type { Store } from '../connection/sql.ts';
import { createEmbeddedStore } from './embedded-store.ts';
import { lockFolder, type FolderLock } from './folder-lock.ts';
import { layOutSeed } from './seed.ts';
import { openSessions, type Sessions } from './sessions.ts';
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

const openStore = async (sessions: Sessions, lock: FolderLock): Promise<Store> => {
  const current = async (): ReturnType<Sessions['current']> => {
    lock.verify();
    return sessions.current();
  };
  const store = createEmbeddedStore({ current, close: () => sessions.close() });
  try {
    await applyMigrations(store, knownMigrations());
    await ensureInstallation(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return { ...store, close: () => store.close().finally(() => lock.release()) };
};

/**
 * Opens the embedded database of a data folder, taking its lock and bringing its schema forward. `onLost`: another
 * process took the folder over while this one stood still; nothing is written any more, and this one should end.
 */
export const openEmbedded = async (
  dataDir: string,
  log: Logger,
  onLost: (error: Error) => void = () => undefined,
): Promise<Store> => {
  let stop: Sessions['stop'] = () => undefined;
  const lock = await lockFolder(dataDir, (error) => {
    stop(error);
    log.error({ folder: dataDir }, error.message);
    onLost(error);
  });
  try {
    const folder = join(dataDir, 'database');
    if (!isComplete(folder)) await layOut(dataDir, folder);
    const sessions = await openSessions(() => startWorker({ folder, seed: null }, log), log);
    stop = sessions.stop;
    return await openStore(sessions, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
};
