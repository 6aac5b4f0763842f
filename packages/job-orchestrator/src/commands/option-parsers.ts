import { didYouMean } from '@job-orchestrator/types/did-you-mean';
import { limits } from '@job-orchestrator/types/limits';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { outputFormats } from '../output/format-names.ts';
import { parseDuration } from '../output/times.ts';

/** Every use of a repeated option, in order. */
export const collect = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];

/** A word that may be given once; without this the last of several would win, silently. */
export const once = (word: string, before?: string): string => {
  if (before === undefined) return word;
  throw new InvalidArgumentError('It can be given once.');
};

/** A whole number in a range, as an option's value. */
export const integer =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

/** The number of a version of a DAG. */
export const version = integer(1, 1_000_000);

/** Every use of a repeated option that takes a version, in order. */
export const collectVersion = (text: string, before: readonly number[] = []): readonly number[] => [
  ...before,
  version(text),
];

/** A length of time in milliseconds. */
export const duration = (text: string): number => {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new InvalidArgumentError('It must be a time such as 90s, 10m, 1h30m, or plain seconds.');
};

/** A size in bytes: `4096` or `64k`. */
export const bytes = (text: string): number => {
  const match = /^(\d{1,9})(k?)$/i.exec(text);
  if (match !== null) return Number(match[1]) * (match[2] === '' ? 1 : 1_024);
  throw new InvalidArgumentError('It must be a number of bytes such as 4096 or 64k.');
};

/** `none` or a whole number. */
export const limitOrNone = (text: string): number | null => {
  if (text === 'none') return null;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= limits.topicLimit) return limit;
  throw new InvalidArgumentError(
    `Allowed are whole numbers from 1 to ${limits.topicLimit}, or none; \`topic pause\` runs nothing.`,
  );
};

/** Words of a list, separated by commas. */
export const wordsOf =
  <Word extends string>(words: readonly Word[]) =>
  (text: string): readonly Word[] => {
    const parts = text.split(',').map((part) => part.trim());
    const found = parts.map((part) => words.find((word) => word === part));
    if (found.every((word) => word !== undefined)) return found;
    const near = didYouMean(parts[found.indexOf(undefined)]!, words);
    const hint = near === null ? '' : ` Did you mean ${near}?`;
    throw new InvalidArgumentError(`Allowed are ${words.join(', ')}, separated by commas.${hint}`);
  };

/** The options of every command that talks to a server. */
export const withServerOptions = (command: Command): Command =>
  command
    .option('--server <url>', 'the server to talk to (JOB_ORCHESTRATOR_SERVER); else the running `dev`')
    .option('--token-file <path>', 'a file with its token (or JOB_ORCHESTRATOR_TOKEN)')
    .option('--data <folder>', 'the data folder of the `dev` to talk to (DATA_DIR)');

export const withFormat = (command: Command): Command =>
  command.addOption(
    new Option('-o, --format <format>', 'how to write data').choices(outputFormats).default('table'),
  );

export const withProject = (command: Command): Command =>
  command.option('-p, --project <name>', 'the project; `default` unless given');

/** All three. */
export const withCommonOptions = (command: Command): Command =>
  withProject(withFormat(withServerOptions(command)));

/** The options of lists that come in pages. */
export const withPages = (command: Command): Command =>
  command
    .option('--limit <number>', 'items on a page', integer(1, 500))
    .option('--cursor <cursor>', 'where the page begins');

/** The command of this name, for whatever adds its own part to it. */
export const commandOf = (program: Command, name: string): Command =>
  program.commands.find((command) => command.name() === name) ?? program.command(name);
