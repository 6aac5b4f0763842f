import { OrchestratorError } from '@job-orchestrator/types/errors';
import type { Cli } from '../commands/cli.ts';
import { parseConfig } from '../config/parse-config.ts';
import { readSurroundings } from '../config/surroundings.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { createLogger } from './logger.ts';

const notSet = (): OrchestratorError =>
  new OrchestratorError('invalid_configuration', 'the embedded database brings itself up to date', [
    { field: 'DATABASE_URL', message: 'is not set', limit: 'postgres://USER:PASSWORD@HOST:PORT/DATABASE' },
  ]);

/** `migrate`: brings the schema of a PostgreSQL database up to date; safe to repeat and to run twice at once. */
export const migrate = async ({ screen, environment }: Cli): Promise<number> => {
  const around = readSurroundings({
    defaultRuntime: 'kubernetes',
    defaultLog: { level: 'warn', format: 'text' },
  });
  const { database, log } = parseConfig(environment, around);
  if (database.kind === 'embedded') throw notSet();
  const { migratePostgres } = await import('@job-orchestrator/postgres');
  const { applied, version } = await migratePostgres({
    url: database.url,
    log: createLogger(log),
  });
  for (const name of applied) screen.out(`applied ${name}\n`);
  screen.note(
    applied.length === 0 ? `nothing to do: the schema is at ${version}` : `the schema is at ${version} now`,
  );
  return exitCodes.ok;
};
