export {
  emptyDatabaseUrl,
  freshDatabase,
  freshDatabaseUrl,
  freshEmbedded,
  observer,
  onServer,
  serverUrlVariable,
} from './fresh-database.ts';
export type { FreshDatabase } from './fresh-database.ts';
export { startPostgres } from './postgres-server.ts';
export type { PostgresServer } from './postgres-server.ts';
export { silentLog } from './silent-log.ts';
