import type { ProfileDto, SecretBindingDto } from '@job-orchestrator/types';
import type { ListView } from '../output/format.ts';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { timeText } from '../output/times.ts';
import { labelled } from '../output/wrap.ts';

const mapText = (map: Readonly<Record<string, string>> = {}): string =>
  Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

type Toleration = ProfileDto['tolerations'][number];

/** As `--toleration` takes it. */
const tolerationText = ({ key = '', value, effect, tolerationSeconds }: Toleration): string =>
  `${key}${value === undefined ? '' : `=${value}`}${effect === undefined ? '' : `:${effect}`}` +
  (tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds} s`);

const list = (words: readonly string[]): string => words.join(', ');

/** How profiles are listed. */
export const profilesView: ListView<ProfileDto> = {
  kind: 'profile',
  name: ({ name }) => name,
  whenEmpty: 'no profiles; define one: job-orchestrator profile add NAME --node-selector pool=gpu',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'DEFAULT FOR', value: ({ defaultForTopics }) => list(defaultForTopics) || '–', drop: 2 },
    { header: 'NODES', value: ({ nodeSelector }) => mapText(nodeSelector) || 'any', drop: 1 },
    { header: 'PRIORITY', value: ({ priorityClassName }) => priorityClassName ?? '–', drop: 3 },
    { header: 'QUEUE', value: ({ localQueue }) => localQueue ?? '–', drop: 4 },
    { header: 'MAXIMUM', value: ({ maximum }) => mapText(maximum) || 'none' },
  ],
};

/** How names of secrets are listed: where a value lies, never what it is. */
export const secretBindingsView: ListView<SecretBindingDto> = {
  kind: 'secret',
  name: ({ name }) => name,
  whenEmpty: 'no secrets are bound; bind one: job-orchestrator secret bind NAME --secret SECRET --key KEY',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'SECRET', value: ({ secret }) => secret },
    { header: 'KEY', value: ({ key }) => key },
    { header: 'TOPICS', value: ({ topics }) => list(topics) || 'all', drop: 1 },
    { header: 'IMAGES', value: ({ images }) => list(images) || 'all', drop: 2 },
  ],
};

const sizes = ({ resources }: ProfileDto): readonly (readonly [string, string])[] => [
  ['Requests', mapText(resources?.requests)],
  ['Limits', mapText(resources?.limits)],
  ['/dev/shm', resources?.sharedMemory ?? ''],
];

/** All that a profile says, a line each; what it does not say is left out. */
export const profileStory = (profile: ProfileDto, columns: number, colours: Colours): string => {
  const facts: readonly (readonly [string, string])[] = [
    ['Meant for', profile.description ?? ''],
    ['Project', profile.project],
    ['Default for', list(profile.defaultForTopics)],
    ['Nodes', mapText(profile.nodeSelector)],
    ['Tolerates', list(profile.tolerations.map(tolerationText))],
    ['Priority', profile.priorityClassName ?? ''],
    ['Account', profile.serviceAccountName ?? ''],
    ['Runtime class', profile.runtimeClassName ?? ''],
    ['Pull secrets', list(profile.pullSecrets)],
    ['Kueue queue', profile.localQueue ?? ''],
    ...sizes(profile),
    ['Maximum', mapText(profile.maximum)],
    ['Changed', timeText(profile.updatedAt)],
  ];
  const lines = facts.flatMap(([label, text]) =>
    text === '' ? [] : labelled(label, safeLine(text), 14, columns),
  );
  return `${[colours.bold(`Profile ${profile.name}`), ...lines].join('\n')}\n`;
};
