import { CommanderError, type Command } from 'commander';
import type { Cli } from './commands/cli.ts';
import { createProgram, type Act } from './commands/program.ts';
import { separateCommand } from './commands/separate-command.ts';
import { exitCodes } from './output/exit-codes.ts';
import type { OutputFormat } from './output/format-names.ts';
import { processScreen } from './output/screen.ts';

/** The format that an error is told in: what `-o` of the command said, as far as it was understood. */
const formatOf = (args: readonly unknown[]): OutputFormat => {
  const options = args.find((arg) => typeof arg === 'object' && arg !== null && 'format' in arg);
  return (options as { format: OutputFormat } | undefined)?.format ?? 'table';
};

const report = async (cli: Cli, error: unknown, format: OutputFormat): Promise<number> =>
  (await import('./output/report-error.ts')).reportError(cli.screen, error, format);

const named = /^(job|run)\/([0-9a-f-]+)$/i;

/** What `-o name` writes is read back: `job/ID` and `run/ID` mean the id, and right after `get` and `describe` the kind too. */
const readNames = (command: string, [first, ...others]: readonly string[]): string[] => {
  if (first === undefined) return [];
  const plainId = (word: string): string => named.exec(word)?.[2] ?? word;
  const [, kind, id] = (takesKind.has(command) ? named.exec(first) : null) ?? [];
  const head = kind === undefined || id === undefined ? [plainId(first)] : [kind.toLowerCase(), id];
  return [...head, ...others.map(plainId)];
};
const takesKind: ReadonlySet<string> = new Set(['get', 'describe']);

/** The words of a command line as they are parsed. In `run` those after the image are its program's. */
const wordsFor = (program: Command, [name = '', ...words]: readonly string[]): string[] => {
  if (name === '') return [];
  const run = program.commands.find((command) => command.name() === name && name === 'run');
  return [name, ...(run === undefined ? readNames(name, words) : separateCommand(run.options, words))];
};

/** Parses and runs one command line; returns its exit code. */
export const main = async (argv: readonly string[]): Promise<number> => {
  const cli: Cli = { screen: processScreen(process.env, argv[0] === 'run'), environment: process.env };
  let code: number = exitCodes.ok;
  const act: Act =
    (work) =>
    async (...args) => {
      code = await work(cli, ...args).catch((error: unknown) => report(cli, error, formatOf(args)));
    };
  try {
    const program = createProgram(act);
    await program.parseAsync(wordsFor(program, argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  return code;
};
