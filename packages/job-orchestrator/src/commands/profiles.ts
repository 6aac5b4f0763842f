import type { ProfileDto, ProfileSubmission } from '@job-orchestrator/types';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { profileStory, profilesView } from '../views/profile-views.ts';
import type { Cli, FormatFlags } from './cli.ts';
import { keyValues } from './key-values.ts';
import type { RegistryFlags } from './registry.ts';
import { withServer, type Session } from './session.ts';

export interface ProfileFlags extends RegistryFlags {
  readonly file?: string;
  readonly description?: string;
  readonly defaultFor?: readonly string[];
  readonly nodeSelector?: readonly string[];
  readonly toleration?: readonly string[];
  readonly priorityClass?: string;
  readonly serviceAccount?: string;
  readonly runtimeClass?: string;
  readonly pullSecret?: readonly string[];
  readonly localQueue?: string;
  readonly request?: readonly string[];
  readonly limit?: readonly string[];
  readonly sharedMemory?: string;
  readonly maximum?: readonly string[];
}

type GivenToleration = NonNullable<ProfileSubmission['tolerations']>[number];

/** `KEY`, `KEY=VALUE`, either with `:EFFECT`, as `kubectl taint` writes them; the server says what is wrong with one. */
export const tolerationOf = (word: string): GivenToleration => {
  const [, key = '', value, effect] = /^([^=:]*)(?:=([^:]*))?(?::(.*))?$/.exec(word) ?? [];
  return given({
    key: key === '' ? undefined : key,
    operator: value === undefined ? 'Exists' : 'Equal',
    value,
    effect,
  }) as GivenToleration;
};

const quantitiesOf = (option: string, words: readonly string[] | undefined) =>
  words === undefined ? undefined : keyValues(option, words);

/** What `profile add` was told on the command line, but for its name. */
const ofFlags = (flags: ProfileFlags): Partial<ProfileSubmission> => {
  const { request, limit, sharedMemory } = flags;
  const sized = request ?? limit ?? sharedMemory;
  return given({
    project: flags.project,
    description: flags.description,
    defaultForTopics: flags.defaultFor === undefined ? undefined : [...flags.defaultFor],
    nodeSelector: quantitiesOf('--node-selector', flags.nodeSelector),
    tolerations: flags.toleration?.map(tolerationOf),
    priorityClassName: flags.priorityClass,
    serviceAccountName: flags.serviceAccount,
    runtimeClassName: flags.runtimeClass,
    pullSecrets: flags.pullSecret === undefined ? undefined : [...flags.pullSecret],
    localQueue: flags.localQueue,
    resources:
      sized === undefined
        ? undefined
        : given({
            requests: quantitiesOf('--request', request),
            limits: quantitiesOf('--limit', limit),
            sharedMemory,
          }),
    maximum: quantitiesOf('--maximum', flags.maximum),
  });
};

const ofFile = async (path: string | undefined): Promise<object> => {
  if (path === undefined) return {};
  const { readYamlMap } = await import('../files/yaml-map.ts');
  return readYamlMap(path);
};

const writeProfiles = async (
  { screen }: Session,
  { format }: FormatFlags,
  items: readonly ProfileDto[],
): Promise<number> => {
  await writeList(screen, format, profilesView, items);
  return exitCodes.ok;
};

/** `profile add [NAME] [-f FILE]`: what the file says, and over it the options. */
export const addProfile = (cli: Cli, name: string | undefined, flags: ProfileFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { validateProfile } = await import('@job-orchestrator/types');
    const named = name === undefined ? {} : { name };
    const profile = validateProfile({ ...(await ofFile(flags.file)), ...ofFlags(flags), ...named });
    return writeProfiles(session, flags, [await session.client.putProfile(profile)]);
  });

/** `profile list`. */
export const listProfiles = (cli: Cli, flags: RegistryFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { items } = await session.client.listProfiles(given({ project: flags.project }));
    return writeProfiles(session, flags, items);
  });

/** `profile describe NAME`. */
export const describeProfile = (cli: Cli, name: string, flags: RegistryFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const profile = await client.getProfile(name, given({ project: flags.project }));
    const { format } = flags;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, profile);
    else if (format === 'name') screen.out(`profile/${profile.name}\n`);
    else screen.out(profileStory(profile, Math.min(screen.outStyle.columns, 120), screen.outColours));
    return exitCodes.ok;
  });

/** `profile delete NAME`. */
export const removeProfile = (
  cli: Cli,
  name: string,
  flags: RegistryFlags & { readonly force?: boolean },
): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { client, screen } = session;
    const removed = await client.removeProfile(name, given({ project: flags.project, force: flags.force }));
    screen.note(`profile ${removed.name} is gone`);
    return exitCodes.ok;
  });
