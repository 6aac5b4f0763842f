import { Option, type Command } from 'commander';
import type { ValidateFlags } from './dag-files.ts';
import { once, withFormat, withServerOptions } from './option-parsers.ts';
import type { Act } from './program.ts';
import type { RenderFlags } from './render-dag.ts';

const file = ['-f, --file <path>', 'a DAG in YAML or JSON; - is stdin'] as const;

const dagCommand = (program: Command): Command =>
  program.commands.find((command) => command.name() === 'dag') ??
  program.command('dag').description('DAGs: jobs that depend on one another');

/** The verbs of `dag` that read files, and need no server for it. */
export const defineDagFileCommands = (program: Command, act: Act): void => {
  const dag = dagCommand(program);
  withFormat(dag.command('validate'))
    .description('check a DAG; -o json shows the graph that it compiles to')
    .requiredOption(...file, once)
    .action(
      act(async (cli, options: ValidateFlags) => (await import('./dag-files.ts')).validateDag(cli, options)),
    );
  withServerOptions(dag.command('render'))
    .description('draw a DAG, or a run with the states of its nodes; large fan-outs are folded')
    .option(...file, once)
    .option('--run <run>', 'draw this run instead of a file: an id, a beginning or end of it, or @latest')
    .addOption(
      new Option('--format <format>', 'the language of the picture')
        .choices(['svg', 'mermaid', 'dot'])
        .default('mermaid'),
    )
    .action(
      act(async (cli, options: RenderFlags) => (await import('./render-dag.ts')).renderDag(cli, options)),
    );
};
