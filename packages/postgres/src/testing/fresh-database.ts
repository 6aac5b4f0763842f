import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, Logger } from '@job-orchestrator/types';
import pg from 'pg';
import { openDatabase } from '../open-database.ts';
import { silentLog } from './silent-log.ts';

/** Names the environment variable that `global-setup` sets: the url of the test server. */
export const serverUrlVariable = 'JOB_ORCHESTRATOR_TEST_SERVER';
export const templateName = 'job_orchestrator_template';

/** The url of another database on the same server. */
export const urlOf = (server: string, database: string): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
};

/** Under this name `onServer` connects, so that who kills connections can leave it out. */
export const observer = 'observer';

/** Runs one statement on a connection of its own. */
export const onServer = async (url: string, statement: string): Promise<pg.QueryResult> => {
  const client = new pg.Client({ connectionString: url, application_name: observer });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
};

const serverUrl = (): string => {
  const url = process.env[serverUrlVariable];
  if (url === undefined)
    throw new Error(`${serverUrlVariable} is not set: run through vitest's global-setup`);
  return url;
};

/** Makes an empty database that has no tables, and returns its url. */
export const emptyDatabaseUrl = async (): Promise<string> => {
  const name = `empty_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl(), `create database ${name}`);
  return urlOf(serverUrl(), name);
};

/** Makes a migrated database of its own from the template (about 50 ms), and returns its url. */
export const freshDatabaseUrl = async (): Promise<string> => {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl(), `create database ${name} template ${templateName}`);
  const url = urlOf(serverUrl(), name);
  await onServer(url, 'update installation set id = gen_random_uuid()');
  return url;
};

/** A database for one test file. */
export interface FreshDatabase {
  readonly database: Database;
  /** `postgres://…`, or null for an embedded one. */
  readonly url: string | null;
  /** The data folder of an embedded database; null for a server. */
  readonly dataDir: string | null;
  close(): Promise<void>;
}

/** A migrated database of its own on the real PostgreSQL of this run. */
export const freshDatabase = async (log: Logger = silentLog): Promise<FreshDatabase & { url: string }> => {
  const url = await freshDatabaseUrl();
  const database = await openDatabase({ kind: 'postgres', url, poolSize: 10, log });
  return { database, url, dataDir: null, close: () => database.close() };
};

/** An embedded database in a folder of its own, removed at `close()`. */
export const freshEmbedded = async (
  log: Logger = silentLog,
): Promise<FreshDatabase & { dataDir: string }> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'job-orchestrator-embedded-'));
  const database = await openDatabase({ kind: 'embedded', dataDir, log });
  const close = async () => {
    await database.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { database, url: null, dataDir, close };
};
