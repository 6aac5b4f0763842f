import { createClient, type Client } from '@job-orchestrator/client';
import { shortId } from '@job-orchestrator/types/ids';
import type { Command, Option } from 'commander';
import { findServer } from '../discovery/find-server.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { dataDirOf, type Cli } from './cli.ts';

/** A person waits for the key to answer: a server that takes longer gives no candidates. Milliseconds. */
const timeoutMs = 1_000;

/** The command that the words name, as deep as they go, and the words left for its arguments. */
const commandOf = (
  program: Command,
  words: readonly string[],
): { command: Command; rest: readonly string[] } => {
  let command = program;
  let index = 0;
  for (; index < words.length; index += 1) {
    const next = command.commands.find((candidate) => candidate.name() === words[index]);
    if (next === undefined) break;
    command = next;
  }
  return { command, rest: words.slice(index) };
};

const visible = (command: Command): string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((candidate) => candidate.name());

const optionNames = (command: Command): string[] =>
  command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => (long ? [long] : []));

/** What the next argument of a command is called: `job`, `image`, `name` …; null where it takes none. */
const argumentName = (command: Command, rest: readonly string[]): string | null => {
  const given = rest.filter((word) => !word.startsWith('-')).length;
  const known = command.registeredArguments;
  const argument = known[given] ?? (known.at(-1)?.variadic === true ? known.at(-1) : undefined);
  return argument?.name() ?? null;
};

/** The option whose value comes next; undefined where the word before is none, or takes no value. */
const openOption = ({ options }: Command, rest: readonly string[]): Option | undefined =>
  options.find(({ required, short, long }) => required && [short, long].includes(rest.at(-1) ?? ''));

const jobIds = async (client: Client): Promise<string[]> => {
  const { items } = await client.listJobs({ limit: 50 });
  return ['@latest', ...items.map(({ id }) => shortId(id))];
};

const imageNames = async (client: Client): Promise<string[]> =>
  (await client.listImages({ limit: 100 })).items.map(({ name }) => name);

const topicNames = async (client: Client): Promise<string[]> =>
  (await client.listTopics()).items.map(({ name }) => name);

const profileNames = async (client: Client): Promise<string[]> =>
  (await client.listProfiles()).items.map(({ name }) => name);

const secretNames = async (client: Client): Promise<string[]> =>
  (await client.listSecretBindings()).items.map(({ name }) => name);

const runIds = async (client: Client): Promise<string[]> => {
  const { items } = await client.listDagRuns({ limit: 50 });
  return ['@latest', ...items.map(({ id }) => shortId(id))];
};

const dagNames = async (client: Client): Promise<string[]> =>
  (await client.listDags({ limit: 500 })).items.map(({ name }) => name);

const scheduleNames = async (client: Client): Promise<string[]> =>
  (await client.listSchedules({ limit: 500 })).items.map(({ name }) => name);

const backfillIds = async (client: Client): Promise<string[]> => {
  const { items } = await client.listBackfills({ limit: 50 });
  return ['@latest', ...items.map(({ id }) => shortId(id))];
};

/** Of a run: its nodes; with `asking` those that wait for a person. */
const nodeNames =
  (run: string, asking: boolean) =>
  async (client: Client): Promise<string[]> => {
    const { items } = await client.listNodeRuns(run, { limit: 500 });
    return items
      .filter(({ item, approval }) => item === null && (!asking || approval?.state === 'waiting'))
      .map(({ name }) => name);
  };

type Ask = (client: Client) => Promise<string[]>;

/** By the word before it: a command, or an option that names a thing. */
const namesOf: Readonly<Record<string, Ask>> = {
  dag: dagNames,
  topic: topicNames,
  profile: profileNames,
  secret: secretNames,
  schedule: scheduleNames,
  image: imageNames,
  parent: runIds,
};

/** `describe schedule NAME` and `schedule pause NAME`; what is made now has no name yet. */
const namesFor = (command: Command, argument: string | null, rest: readonly string[]): Ask | null => {
  const [verb, noun] = [command.name(), command.parent?.name() ?? ''];
  if (argument === 'job' || argument === 'jobs') return jobIds;
  if (argument === 'run') return runIds;
  if (argument === 'image') return imageNames;
  if (argument === 'node') return nodeNames(rest[0]!, true);
  if (argument === 'id') return [verb, noun].includes('backfill') ? backfillIds : null;
  if (argument !== 'name' || ['add', 'create', 'bind'].includes(verb)) return null;
  return namesOf[noun] ?? namesOf[verb] ?? imageNames;
};

const fromServer = async (cli: Cli, ask: Ask): Promise<string[]> => {
  const server = await findServer({ dataDir: dataDirOf({}, cli.environment) }, cli.environment);
  return ask(createClient({ server: server.url, token: server.token, timeoutMs }));
};

/** Names of things that an option asks for: `--dag`, `--topic`. */
const valuesOf = (
  cli: Cli,
  command: Command,
  { long }: Option,
  rest: readonly string[],
): Promise<string[]> => {
  const name = long?.slice(2) ?? '';
  const known = Object.hasOwn(namesOf, name) ? namesOf[name] : undefined;
  const ask = command.name() === 'rerun' && name === 'from' ? nodeNames(rest[0]!, false) : known;
  return ask === undefined ? Promise.resolve([]) : fromServer(cli, ask).catch(() => []);
};

const candidates = async (cli: Cli, program: Command, words: readonly string[]): Promise<string[]> => {
  const current = words.at(-1) ?? '';
  const { command, rest } = commandOf(program, words.slice(0, -1));
  const option = openOption(command, rest);
  if (option !== undefined) return option.argChoices ?? valuesOf(cli, command, option, rest);
  if (current.startsWith('-')) return optionNames(command);
  if (command.commands.length > 0) return visible(command);
  const choices = command.registeredArguments[rest.length]?.argChoices;
  if (choices !== undefined) return choices;
  const ask = namesFor(command, argumentName(command, rest), rest);
  return ask === null ? [] : fromServer(cli, ask).catch(() => []);
};

/** `__complete -- WORDS…`: candidates for the last word, one per line; never an error, for nobody could read it. */
export const complete = async (cli: Cli, program: Command, words: readonly string[]): Promise<number> => {
  const current = words.at(-1) ?? '';
  const fitting = (await candidates(cli, program, words)).filter((word) => word.startsWith(current));
  cli.screen.out(fitting.map((word) => `${word}\n`).join(''));
  return exitCodes.ok;
};
