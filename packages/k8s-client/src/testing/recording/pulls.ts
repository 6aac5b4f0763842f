import { shapeMain, shapePod, shell, type Scenario } from './scenario.ts';

type Registry = 'registry' | 'realRegistry' | 'registryWithLogin';

const image =
  (tag: string, registry: Registry = 'registry'): NonNullable<Scenario['shape']> =>
  (job, stage) =>
    shapeMain({ image: `${stage[registry]}/jobs/hello:${tag}`, imagePullPolicy: 'Always' })(job);

/** What keeps images from the node, and what an image lacks. */
export const pulls: readonly Scenario[] = [
  {
    name: 'image-absent',
    signal: '`ErrImagePull`: the registry has no such tag',
    spec: shell('echo done'),
    shape: image('absent', 'realRegistry'),
    expected: { observation: 'refused', reason: 'image_not_found', decision: 'wait', says: /not found/ },
  },
  {
    name: 'image-denied',
    signal: '`ErrImagePull`: the registry refuses us',
    spec: shell('echo done'),
    shape: image('1', 'registryWithLogin'),
    expected: {
      observation: 'refused',
      reason: 'image_pull_denied',
      decision: 'wait',
      says: /401 Unauthorized/,
    },
  },
  {
    name: 'image-other-platform',
    signal: '`ErrImagePull`: the image is not made for the node’s platform',
    spec: shell('echo done'),
    shape: image('arm'),
    expected: {
      observation: 'refused',
      reason: 'image_platform',
      decision: 'wait',
      says: /no match for platform/,
    },
  },
  {
    name: 'registry-limits',
    signal: '`ErrImagePull`: 429 of the registry',
    spec: shell('echo done'),
    shape: image('limited'),
    expected: { observation: 'refused', reason: 'registry_unavailable', decision: 'wait', says: /429/ },
  },
  {
    name: 'image-back-off',
    signal: '`ImagePullBackOff`, which names the 429 of the registry',
    spec: shell('echo done'),
    shape: image('limited'),
    expected: {
      observation: 'refused',
      reason: 'registry_unavailable',
      decision: 'wait',
      says: /Back-off pulling.*429/,
    },
  },
  {
    name: 'sidecar-not-started',
    signal: 'a native sidecar does not start: the pod stays `PodInitializing`',
    spec: shell('echo done'),
    shape: (job, stage) =>
      shapePod(({ containers: [main] }) => ({
        initContainers: [
          {
            ...main!,
            name: 'proxy',
            image: `${stage.realRegistry}/jobs/hello:absent`,
            imagePullPolicy: 'Always',
            restartPolicy: 'Always',
          },
        ],
      }))(job),
    expected: {
      observation: 'refused',
      reason: 'image_not_found',
      decision: 'wait',
      says: /container proxy/,
    },
  },
  {
    name: 'no-command',
    signal: '`CreateContainerError`: neither image nor job names a command',
    spec: { command: null, args: null },
    shape: image('empty'),
    expected: {
      observation: 'refused',
      reason: 'container_config',
      decision: 'wait',
      says: /no command specified/,
    },
  },
  {
    name: 'registry-down',
    signal: '`ErrImagePull`: no registry answers',
    spec: shell('echo done'),
    shape: shapeMain({ image: 'localhost:1/jobs/hello:1', imagePullPolicy: 'Always' }),
    expected: {
      observation: 'refused',
      reason: 'registry_unavailable',
      decision: 'wait',
      says: /connection refused/,
    },
  },
  {
    name: 'image-name-invalid',
    signal: '`InvalidImageName`',
    spec: { ...shell('echo done'), imageReference: 'localhost/UPPER:1' },
    expected: { observation: 'refused', reason: 'invalid_image_name', decision: 'fail' },
  },
  {
    name: 'image-never-pulled',
    signal: '`ErrImageNeverPull`: not on the node, and may not be pulled',
    spec: shell('echo done'),
    shape: shapeMain({ image: 'localhost/absent:1', imagePullPolicy: 'Never' }),
    expected: { observation: 'refused', reason: 'image_not_found', decision: 'fail' },
  },
];
