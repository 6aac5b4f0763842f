import type { Logger } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import { openPostgres } from '../connection/postgres-store.ts';
import { applyMigrations, ensureInstallation } from './apply.ts';
import { knownMigrations } from './migrations.ts';

/** A migration may rewrite a table, and waits for another migrator; milliseconds. */
const migrationAnswerMs = 24 * 3_600_000;

/** What a migration did. */
export interface MigrationReport {
  readonly applied: readonly string[];
  readonly version: number;
}

/**
 * Brings a PostgreSQL database to the schema of this program; forward only, safe to run twice and at the same time.
 * Throws `schema_too_new`, `database_unavailable`, `database_right_missing`.
 */
export const migratePostgres = async (options: {
  readonly url: string;
  readonly log: Logger;
}): Promise<MigrationReport> => {
  const store = openPostgres({ ...options, poolSize: 1, answerMs: migrationAnswerMs });
  const known = knownMigrations();
  try {
    const applied = await withRetries('repeatable', () => applyMigrations(store, known));
    await withRetries('repeatable', () => ensureInstallation(store));
    if (applied.length > 0) options.log.info({ applied }, 'the database schema was brought forward');
    return { applied, version: known.length };
  } finally {
    await store.close();
  }
};
