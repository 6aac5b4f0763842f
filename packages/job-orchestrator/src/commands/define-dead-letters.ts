import type { Command } from 'commander';
import { Option } from 'commander';
import type { DeadLetterFlags, DecideFlags } from './dead-letters.ts';
import { collect, integer, withCommonOptions } from './option-parsers.ts';
import type { Act } from './program.ts';

/** The categories that a job can fail for good with. */
const categories = [
  'user_error',
  'out_of_memory',
  'timeout',
  'image',
  'configuration',
  'infrastructure',
  'capacity',
  'output',
  'unknown',
] as const;

const withFilter = (command: Command): Command =>
  withCommonOptions(command)
    .option('-t, --topic <name>', 'only of this topic')
    .option('--image <name>', 'only of this image')
    .option('-l, --label <key=value>', 'only with this label (repeatable)', collect)
    .addOption(new Option('--category <category>', 'only failed in this category').choices(categories))
    .option('--failure <reason>', 'only failed for this reason, such as oom_killed');

const withDecision = (command: Command): Command =>
  withFilter(command)
    .argument('[jobs...]', 'ids, beginnings or ends of them; unless given, all that the options select')
    .option('--all', 'needed where nothing narrows')
    .option('--dry-run', 'only count; needs no reason')
    .option('--limit <number>', 'at most so many', integer(1, 1_000))
    .option('--by <person>', 'who decides; you, unless given')
    .option('--reason <text>', 'why; stored with the decision');

/** `get dead-letters`. */
export const defineGetDeadLetters = (get: Command, act: Act): void => {
  withFilter(get.command('dead-letters'))
    .description('jobs that failed for good and wait for a person, newest first')
    .option('--limit <number>', 'items on a page', integer(1, 500))
    .option('--cursor <cursor>', 'where the page begins')
    .action(
      act(async (cli, options: DeadLetterFlags) =>
        (await import('./dead-letters.ts')).getDeadLetters(cli, options),
      ),
    );
};

/** `redrive` and `discard`. */
export const defineDeadLetterCommands = (program: Command, act: Act): void => {
  withDecision(program.command('redrive'))
    .description('run dead letters again, each as a new job that names the old one')
    .option('--rate <number>', 'so many become due each second; all at once unless given', integer(1, 1_000))
    .option(
      '--current-image',
      'run what the image refers to now, not what it did when the old job was submitted',
    )
    .action(
      act(async (cli, jobs: string[], options: DecideFlags) =>
        (await import('./dead-letters.ts')).redrive(cli, jobs, options),
      ),
    );
  withDecision(program.command('discard'))
    .description('take dead letters off the list for good; their history stays')
    .action(
      act(async (cli, jobs: string[], options: DecideFlags) =>
        (await import('./dead-letters.ts')).discard(cli, jobs, options),
      ),
    );
};
