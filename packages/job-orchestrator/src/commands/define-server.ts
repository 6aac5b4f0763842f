import type { Command } from 'commander';
import type { DevFlags } from '../services/dev.ts';
import { keepHeapLean } from '../services/lean-heap.ts';
import { integer } from './option-parsers.ts';
import type { Act } from './program.ts';

const settingsHelp = `
Settings are environment variables alone: DATABASE_URL, EXECUTOR_TOPICS, K8S_NAMESPACE,
API_LISTEN, API_TOKEN_FILE and others. All of them, with their defaults: README, "Settings".
\`job-orchestrator doctor\` tells what is wrong with them.`;

/** The commands that serve. */
export const defineServerCommands = (program: Command, act: Act): void => {
  program
    .command('dev')
    .description('an embedded orchestrator in the foreground: database, executor and API in one process')
    .option('--data <folder>', 'where its data lies (DATA_DIR)')
    .option('--port <number>', 'the port of its API on 127.0.0.1; 0: any free one', integer(0, 65_535))
    .action(
      act(async (cli, options: DevFlags) => {
        // Before the modules of the server are loaded: they are what makes the heap grow.
        keepHeapLean();
        return (await import('../services/dev.ts')).dev(cli, options);
      }),
    );
  program
    .command('serve')
    .description('all roles in one process, as the environment says')
    .addHelpText('after', settingsHelp)
    .action(
      act(async (cli) => (await import('../services/serve.ts')).serve(cli, ['executor', 'dag', 'api'])),
    );
  program
    .command('executor')
    .description('claims and runs jobs of the database in DATABASE_URL')
    .addHelpText('after', settingsHelp)
    .action(act(async (cli) => (await import('../services/serve.ts')).serve(cli, ['executor'])));
  program
    .command('api')
    .description('the HTTP API over the database in DATABASE_URL')
    .addHelpText('after', settingsHelp)
    .action(act(async (cli) => (await import('../services/serve.ts')).serve(cli, ['api'])));
  program
    .command('migrate')
    .description('brings the schema of the database in DATABASE_URL up to date')
    .addHelpText('after', settingsHelp)
    .action(act(async (cli) => (await import('../services/migrate.ts')).migrate(cli)));
};
