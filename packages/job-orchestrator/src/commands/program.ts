import { Command } from 'commander';
import type { Cli } from './cli.ts';
import { defineClientCommands } from './define-client.ts';
import { defineDagFileCommands } from './define-dag-files.ts';
import { defineDagVersionCommands } from './define-dag-versions.ts';
import { defineDagCommands } from './define-dags.ts';
import { defineJobCommands } from './define-jobs.ts';
import { defineProfileCommands } from './define-profiles.ts';
import { defineScheduleCommands } from './define-schedules.ts';
import { defineServerCommands } from './define-server.ts';
import { version } from '../version.ts';

/** Runs a command's work and keeps its exit code; given to every command as its action. */
export type Act = <Arguments extends unknown[]>(
  work: (cli: Cli, ...args: Arguments) => Promise<number>,
) => (...args: Arguments) => Promise<void>;

const examples = `
Examples:
  job-orchestrator dev                              an embedded orchestrator in the foreground
  job-orchestrator run hello -- echo "Hello"        a job, its log, its exit code
  job-orchestrator submit -f jobs.yaml --wait       many jobs from a file
  job-orchestrator describe job @latest             the story of the newest job

A job is named by its id, by any beginning or end of it that fits only one, or by @latest.`;

/** The whole command line. Commands load what they need only when they run. */
export const createProgram = (act: Act): Command => {
  const program = new Command('job-orchestrator')
    .description('Runs container jobs: embedded on this machine, or on Kubernetes with PostgreSQL.')
    .enablePositionalOptions()
    // Inherited by every command: an error of usage is thrown, and `main` gives it the exit code 2.
    .exitOverride()
    .showHelpAfterError('(--help shows what is known)')
    .version(version, '-V, --version', 'the version of this program; `version` tells the server’s too')
    .addHelpText('after', examples);
  defineServerCommands(program, act);
  defineJobCommands(program, act);
  defineDagCommands(program, act);
  defineClientCommands(program, act);
  defineProfileCommands(program, act);
  defineDagFileCommands(program, act);
  defineDagVersionCommands(program, act);
  defineScheduleCommands(program, act);
  return program;
};
