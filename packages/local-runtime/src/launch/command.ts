import { failure, type AttemptLaunch, type Failure } from '@job-orchestrator/types';
import { attemptEnvironment, divideEnvironment } from './environment.ts';
import { findCommand } from './find-command.ts';
import { readSecrets } from './secrets.ts';

/** What the shim is given: the words to execute and the environment that it carries to them. */
export interface PreparedCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface LaunchSettings {
  readonly workingDirectory: string;
  /** Our own environment, of which a job inherits a few variables. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where the operator keeps the values of secrets. */
  readonly secretsFile: string;
  /** The path of env(1). */
  readonly env: string;
}

/** `prepared`, or the reason why this runtime will never start it. */
export type Preparation =
  | { readonly kind: 'prepared'; readonly command: PreparedCommand }
  | { readonly kind: 'refused'; readonly failure: Failure };

const refused = (
  reason: 'launch_refused' | 'command_not_found' | 'reference_missing',
  message: string,
): Preparation => ({
  kind: 'refused',
  failure: failure(reason, message, {}),
});

const noCommand =
  'The job names no command, and the process runtime does not use the image, so it cannot know the image’s own. ' +
  'Give a command that exists on this machine: `run IMAGE -- COMMAND…`, or `command` in the job or its image.';

/** A name that begins with a dash would be an option to `exec` and env(1): its path is not. */
const withoutDash = (name: string, path: string): string => (name.startsWith('-') ? path : name);

/** Why the system took it for too large: Linux takes 128 KiB a word or variable, and about 2 MiB in all. */
export const tooLarge = ({ words, environment }: PreparedCommand): string => {
  const sizes = [
    ...words.map((word, index) => [`word ${index + 1} of the command`, Buffer.byteLength(word)] as const),
    ...Object.entries(environment).map(
      ([name, value]) =>
        [`the variable ${name}`, Buffer.byteLength(name) + 1 + Buffer.byteLength(value)] as const,
    ),
  ].toSorted(([, one], [, other]) => other - one);
  const [largest = ['the command', 0]] = sizes;
  const all = sizes.reduce((sum, [, bytes]) => sum + bytes + 1, 0);
  return (
    `command and environment are larger than it takes (E2BIG): ${all} bytes in all, of which ${largest[0]} has ${largest[1]}. ` +
    'Linux takes 131071 bytes for each and about 2 MiB in all; give large data as inputs or as a file'
  );
};

/** Checks the command before anything is made, and arranges it so that it arrives word by word as it was given. */
export const prepareCommand = (
  launch: AttemptLaunch,
  folder: string,
  settings: LaunchSettings,
): Preparation => {
  const [name, ...rest] = launch.spec.command ?? [];
  if (name === undefined) return refused('launch_refused', noCommand);
  const secrets = readSecrets(launch, settings.secretsFile);
  if (secrets.kind === 'missing') return refused('reference_missing', secrets.message);
  const environment = attemptEnvironment(launch, folder, settings.environment, secrets.values);
  const found = findCommand(name, environment['PATH'] ?? '', settings.workingDirectory);
  if (found.kind === 'missing') return refused('command_not_found', found.message);
  const words = [withoutDash(name, found.path), ...rest, ...(launch.spec.args ?? [])];
  if ([...words, ...Object.values(environment)].some((word) => word.includes('\0')))
    return refused('launch_refused', 'A word of the command or a value of env contains the character NUL.');
  const { carried, words: special } = divideEnvironment(environment);
  return {
    kind: 'prepared',
    command: {
      words: special.length === 0 ? words : [settings.env, ...special, ...words],
      environment: carried,
    },
  };
};
