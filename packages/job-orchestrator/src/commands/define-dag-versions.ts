import type { Command } from 'commander';
import type { DagFlags, ShowFlags, VersionsFlags } from './dag-versions.ts';
import type { DiffFlags } from './diff-dags.ts';
import {
  collect,
  collectVersion,
  commandOf,
  version,
  withCommonOptions,
  withPages,
  withProject,
  withServerOptions,
} from './option-parsers.ts';
import type { Act } from './program.ts';

const defineDiff = (dag: Command, act: Act): void => {
  withProject(withServerOptions(dag.command('diff')))
    .description(
      'say in words what changed: dag diff -f OLD -f NEW; dag diff -f FILE, against the server; dag diff NAME',
    )
    .argument('[name]', 'a DAG of the server: its newest version against the one before it')
    .option(
      '-f, --file <path>',
      'the older file, then the newer one; one alone: what applying it changes',
      collect,
    )
    .option('--dag-version <number>', 'from this version; given twice, from one to the other', collectVersion)
    .action(
      act(async (cli, name: string | undefined, options: DiffFlags) =>
        (await import('./diff-dags.ts')).diff(cli, name, options),
      ),
    );
};

/** The commands about the versions of DAGs. */
export const defineDagVersionCommands = (program: Command, act: Act): void => {
  const dag = commandOf(program, 'dag');
  withCommonOptions(dag.command('show'))
    .description('a definition as it was applied; -o json adds the graph that runs go by')
    .argument('<name>')
    .option('--dag-version <number>', 'of this version; the newest unless given', version)
    .action(
      act(async (cli, name: string, options: ShowFlags) =>
        (await import('./dag-versions.ts')).showDag(cli, name, options),
      ),
    );
  withPages(withCommonOptions(dag.command('versions')))
    .description('the versions of a DAG, newest first, with how many runs there are of each')
    .argument('<name>')
    .action(
      act(async (cli, name: string, options: VersionsFlags) =>
        (await import('./dag-versions.ts')).listVersions(cli, name, options),
      ),
    );
  defineDiff(dag, act);
  withCommonOptions(commandOf(program, 'describe').command('dag'))
    .description('a DAG: its inputs, outputs and nodes, and its last runs')
    .argument('<name>')
    .option('--dag-version <number>', 'of this version; the newest unless given', version)
    .action(
      act(async (cli, name: string, options: ShowFlags) =>
        (await import('./dag-versions.ts')).describeDag(cli, name, options),
      ),
    );
  withCommonOptions(dag.command('delete'))
    .description('take a DAG out of use; its versions and runs stay, and what runs goes on')
    .argument('<name>')
    .action(
      act(async (cli, name: string, options: DagFlags) =>
        (await import('./dag-versions.ts')).deleteDag(cli, name, options),
      ),
    );
};
