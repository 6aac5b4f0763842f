import type { Command } from 'commander';
import { collect, commandOf, once, withCommonOptions } from './option-parsers.ts';
import type { ProfileFlags } from './profiles.ts';
import type { Act } from './program.ts';
import type { RegistryFlags } from './registry.ts';
import type { BindFlags } from './secrets.ts';

const defineAdd = (profile: Command, act: Act): void => {
  withCommonOptions(profile.command('add'))
    .description('define a profile, or replace its definition; later attempts of its jobs follow')
    .argument('[name]', 'what jobs call it; `default` is for jobs that name none')
    .option('-f, --file <path>', 'a YAML or JSON file with the definition; options go over it', once)
    .option('--description <text>', 'what it is meant for')
    .option('--default-for <topic>', 'jobs of this topic that name no profile get it (repeatable)', collect)
    .option('--node-selector <key=value>', 'only on nodes with this label (repeatable)', collect)
    .option('--toleration <taint>', 'key[=value][:effect] of a tolerated taint (repeatable)', collect)
    .option('--priority-class <name>', 'the PriorityClass of its pods')
    .option('--service-account <name>', 'the ServiceAccount of its pods; no token is mounted')
    .option('--runtime-class <name>', 'the RuntimeClass of its pods')
    .option('--pull-secret <name>', 'a Secret with the credentials of a registry (repeatable)', collect)
    .option('--local-queue <name>', 'the LocalQueue of Kueue for jobs that name none')
    .option('--request <resource=quantity>', 'what a job requests unless it says so (repeatable)', collect)
    .option('--limit <resource=quantity>', 'what a job is limited to unless it says so (repeatable)', collect)
    .option('--shared-memory <quantity>', 'the size of /dev/shm unless a job says so')
    .option('--maximum <resource=quantity>', 'the most that a job may ask for (repeatable)', collect)
    .action(
      act(async (cli, name: string | undefined, options: ProfileFlags) =>
        (await import('./profiles.ts')).addProfile(cli, name, options),
      ),
    );
};

const defineProfile = (program: Command, act: Act): void => {
  const profile = program.command('profile').description('where jobs may run, and how large they may be');
  defineAdd(profile, act);
  for (const list of [
    profile.command('list'),
    commandOf(program, 'get').command('profiles').alias('profile'),
  ])
    withCommonOptions(list)
      .description('all profiles')
      .action(
        act(async (cli, options: RegistryFlags) =>
          (await import('./profiles.ts')).listProfiles(cli, options),
        ),
      );
  for (const describe of [profile.command('describe'), commandOf(program, 'describe').command('profile')])
    withCommonOptions(describe)
      .description('all that a profile says')
      .argument('<name>')
      .action(
        act(async (cli, name: string, options: RegistryFlags) =>
          (await import('./profiles.ts')).describeProfile(cli, name, options),
        ),
      );
  withCommonOptions(profile.command('delete'))
    .description('remove a profile that no live job names')
    .argument('<name>')
    .option('--force', 'even if live jobs name it: what they still have to run then fails')
    .action(
      act(async (cli, name: string, options: RegistryFlags & { force?: boolean }) =>
        (await import('./profiles.ts')).removeProfile(cli, name, options),
      ),
    );
};

const defineSecret = (program: Command, act: Act): void => {
  const secret = program
    .command('secret')
    .description('names that jobs may use for keys of Secrets; values are never seen here');
  withCommonOptions(secret.command('bind'))
    .description('bind a name to a key of a Secret in the namespace of the jobs')
    .argument('<name>', 'what jobs call it: secretEnv: { VARIABLE: NAME }')
    .requiredOption('--secret <name>', 'the Secret')
    .requiredOption('--key <key>', 'the key in it')
    .option('--topic <name>', 'only for jobs of this topic (repeatable)', collect)
    .option('--image <name>', 'only for jobs of this image (repeatable)', collect)
    .action(
      act(async (cli, name: string, options: BindFlags) =>
        (await import('./secrets.ts')).bindSecret(cli, name, options),
      ),
    );
  for (const list of [secret.command('list'), commandOf(program, 'get').command('secrets').alias('secret')])
    withCommonOptions(list)
      .description('all names, and where their values lie')
      .action(
        act(async (cli, options: RegistryFlags) => (await import('./secrets.ts')).listSecrets(cli, options)),
      );
  withCommonOptions(secret.command('unbind'))
    .description('take a name from its Secret; attempts that use it fail from then on')
    .argument('<name>')
    .action(
      act(async (cli, name: string, options: RegistryFlags) =>
        (await import('./secrets.ts')).unbindSecret(cli, name, options),
      ),
    );
};

/** The commands about profiles and the names of secrets. */
export const defineProfileCommands = (program: Command, act: Act): void => {
  defineProfile(program, act);
  defineSecret(program, act);
};
