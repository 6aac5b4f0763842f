import { Argument, type Command } from 'commander';
import type { FormatFlags, ServerFlags } from './cli.ts';
import {
  collect,
  integer,
  limitOrNone,
  withCommonOptions,
  withFormat,
  withServerOptions,
} from './option-parsers.ts';
import type { Act } from './program.ts';
import type { ImageFlags, RegistryFlags } from './registry.ts';

const defineImage = (program: Command, act: Act): void => {
  const image = program.command('image').description('the image registry');
  withCommonOptions(image.command('add'))
    .description('register an image, or replace its definition')
    .argument('<name>', 'what jobs call it')
    .argument('<reference>', 'where it is: registry.example/team/image:tag')
    .argument('[command...]', 'its default command, after --')
    .option('-e, --env <key=value>', 'a variable that its jobs inherit (repeatable)', collect)
    .option('-l, --label <key=value>', 'a label (repeatable)', collect)
    .option('--run-as-user <uid>', 'the user that its containers run as', integer(1, 2_147_483_647))
    .option('--pull-secret <name>', 'a Secret with the credentials of its registry (repeatable)', collect)
    .action(
      act(async (cli, name: string, reference: string, command: string[], options: ImageFlags) =>
        (await import('./registry.ts')).addImage(cli, name, reference, command, options),
      ),
    );
  for (const verb of ['disable', 'enable'] as const)
    withCommonOptions(image.command(verb))
      .description(verb === 'disable' ? 'refuse new jobs of an image' : 'allow new jobs of it again')
      .argument('<name>')
      .action(
        act(async (cli, name: string, options: RegistryFlags) =>
          (await import('./registry.ts')).setImageActive(cli, name, verb === 'enable', options),
        ),
      );
};

const defineTopic = (program: Command, act: Act): void => {
  const topic = program.command('topic').description('the queues that jobs stand in');
  for (const verb of ['pause', 'resume'] as const)
    withCommonOptions(topic.command(verb))
      .description(verb === 'pause' ? 'start no more jobs of a topic' : 'start its jobs again')
      .argument('<name>')
      .action(
        act(async (cli, name: string, options: RegistryFlags) =>
          (await import('./registry.ts')).setTopicPaused(cli, name, verb === 'pause', options),
        ),
      );
  withCommonOptions(topic.command('limit'))
    .description('how many jobs of a topic may run at once')
    .argument('<name>')
    .addArgument(new Argument('<limit>', 'a number, or none').argParser(limitOrNone))
    .action(
      act(async (cli, name: string, limit: number | null, options: RegistryFlags) =>
        (await import('./registry.ts')).limitTopic(cli, name, limit, options),
      ),
    );
};

const defineHelpers = (program: Command, act: Act): void => {
  withFormat(withServerOptions(program.command('doctor')))
    .description('check what this machine, its settings and its servers need; each fault with its mend')
    .action(
      act(async (cli, options: ServerFlags & FormatFlags) =>
        (await import('./doctor.ts')).doctor(cli, options),
      ),
    );
  withFormat(withServerOptions(program.command('version')))
    .description('the versions of this program and of the server')
    .option('--client', 'of this program only')
    .action(
      act(async (cli, options: ServerFlags & FormatFlags & { client?: boolean }) =>
        (await import('./version.ts')).showVersion(cli, options),
      ),
    );
  program
    .command('completion')
    .description('a script that completes commands and job ids in your shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(
      act(async (cli, shell: 'bash' | 'zsh' | 'fish') =>
        (await import('./completion.ts')).completion(cli, shell),
      ),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(
      act(async (cli, words: string[]) => (await import('./complete.ts')).complete(cli, program, words)),
    );
};

/** The commands about images, topics and the installation itself. */
export const defineClientCommands = (program: Command, act: Act): void => {
  defineImage(program, act);
  defineTopic(program, act);
  defineHelpers(program, act);
};
