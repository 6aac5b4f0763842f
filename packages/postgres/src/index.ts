export { enqueueJobs } from './enqueue/enqueue-jobs.ts';
export type { CallersTransaction, Enqueued } from './enqueue/enqueue-jobs.ts';
export { migratePostgres } from './migrate/migrate-postgres.ts';
export type { MigrationReport } from './migrate/migrate-postgres.ts';
export { openDatabase } from './open-database.ts';
export type { DatabaseOptions } from './open-database.ts';
