import { migratePostgres } from '../migrate/migrate-postgres.ts';
import { silentLog } from './silent-log.ts';
import { onServer, serverUrlVariable, templateName, urlOf } from './fresh-database.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';

/** For those who bring a server of their own, such as a PostgreSQL 15, the feature floor. */
const given = 'TEST_DATABASE_URL';

const prepareTemplate = async (server: string): Promise<void> => {
  await onServer(server, `drop database if exists ${templateName}`);
  await onServer(server, `create database ${templateName}`);
  await migratePostgres({ url: urlOf(server, templateName), log: silentLog });
};

let own: PostgresServer | null = null;

/** One real PostgreSQL for a whole run of vitest, with a migrated template; tests find it by an environment variable. */
export const setup = async (): Promise<void> => {
  const url = process.env[given] ?? (own = await startPostgres()).url;
  try {
    await prepareTemplate(url);
  } catch (error) {
    await own?.stop();
    throw error;
  }
  process.env[serverUrlVariable] = url;
};

export const teardown = async (): Promise<void> => own?.stop();
