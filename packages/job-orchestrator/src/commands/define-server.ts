import type { Command } from 'commander';
import type { DevFlags } from '../services/dev.ts';
import type { ServeFlags } from '../services/serve.ts';
import { duration, integer } from './option-parsers.ts';
import type { Act } from './program.ts';

const withDrain = (command: Command): Command =>
  command.option(
    '--drain-timeout <time>',
    'at the end, how long to wait for local processes that run; they go on after it',
    duration,
    10_000,
  );

/** The commands that serve. */
export const defineServerCommands = (program: Command, act: Act): void => {
  withDrain(program.command('dev'))
    .description('an embedded orchestrator in the foreground: database, executor and API in one process')
    .option('--data <folder>', 'where its data lies (DATA_DIR)')
    .option('--port <number>', 'the port of its API on 127.0.0.1; 0: any free one', integer(0, 65_535))
    .action(act(async (cli, options: DevFlags) => (await import('../services/dev.ts')).dev(cli, options)));
  withDrain(program.command('serve'))
    .description('all roles in one process, as the environment says')
    .action(
      act(async (cli, options: ServeFlags) =>
        (await import('../services/serve.ts')).serve(cli, ['executor', 'api'], options),
      ),
    );
  withDrain(program.command('executor'))
    .description('claims and runs jobs of the database in DATABASE_URL')
    .action(
      act(async (cli, options: ServeFlags) =>
        (await import('../services/serve.ts')).serve(cli, ['executor'], options),
      ),
    );
  program
    .command('api')
    .description('the HTTP API over the database in DATABASE_URL')
    .action(
      act(async (cli) => (await import('../services/serve.ts')).serve(cli, ['api'], { drainTimeout: 0 })),
    );
  program
    .command('migrate')
    .description('brings the schema of the database in DATABASE_URL up to date')
    .action(act(async (cli) => (await import('../services/migrate.ts')).migrate(cli)));
};
