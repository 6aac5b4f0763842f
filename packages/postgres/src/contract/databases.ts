import { afterAll, beforeAll, describe } from 'vitest';
import type { Database } from '@job-orchestrator/types';
import { freshDatabase, freshEmbedded, type FreshDatabase } from '../testing/fresh-database.ts';

const kinds: Readonly<Record<string, () => Promise<FreshDatabase>>> = {
  PostgreSQL: freshDatabase,
  PGlite: freshEmbedded,
};

/** Runs one suite on both databases, each fresh for this file. Each test uses topics of its own. */
export const onBothDatabases = (suite: (database: () => Database) => void): void => {
  describe.each(Object.keys(kinds))('on %s', (kind) => {
    let fresh: FreshDatabase | undefined;
    beforeAll(async () => {
      fresh = await kinds[kind]?.();
    });
    afterAll(async () => {
      await fresh?.close();
    });
    suite(() => {
      if (fresh === undefined) throw new Error('the database is not open yet');
      return fresh.database;
    });
  });
};
