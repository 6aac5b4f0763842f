import { shapeMain, shapePod, shell, type Scenario } from './scenario.ts';

type Registry = 'registry' | 'realRegistry' | 'registryWithLogin';

const image =
  (tag: string, registry: Registry = 'registry'): NonNullable<Scenario['shape']> =>
  (job, stage) =>
    shapeMain({ image: `${stage[registry]}/jobs/hello:${tag}`, imagePullPolicy: 'Always' })(job);

const fromSecret = (ref: object): NonNullable<Scenario['shape']> =>
  shapeMain({ env: [{ name: 'TOKEN', valueFrom: ref }] });

/** What keeps programs from starting. */
export const waits: readonly Scenario[] = [
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
  {
    name: 'secret-missing',
    signal: '`CreateContainerConfigError`: no such Secret',
    spec: shell('echo done'),
    shape: fromSecret({ secretKeyRef: { name: 'no-such-secret', key: 'token' } }),
    expected: {
      observation: 'refused',
      reason: 'reference_missing',
      decision: 'wait',
      says: /no-such-secret/,
    },
  },
  {
    name: 'config-key-missing',
    signal: '`CreateContainerConfigError`: no such key in a ConfigMap',
    spec: shell('echo done'),
    // Every namespace has this ConfigMap.
    shape: fromSecret({ configMapKeyRef: { name: 'kube-root-ca.crt', key: 'no-such-key' } }),
    expected: { observation: 'refused', reason: 'reference_missing', decision: 'wait', says: /no-such-key/ },
  },
  {
    name: 'mount-failed',
    signal: '`FailedMount` (event) while the container is created',
    spec: shell('echo done'),
    shape: (job, stage) =>
      shapePod((pod) => ({
        volumes: [...(pod.volumes ?? []), { name: 'late', secret: { secretName: 'no-such-secret' } }],
      }))(shapeMain({ volumeMounts: [{ name: 'late', mountPath: '/late' }] })(job, stage), stage),
    expected: {
      observation: 'refused',
      reason: 'reference_missing',
      decision: 'wait',
      says: /no-such-secret/,
    },
  },
  {
    name: 'unschedulable-cpu',
    signal: '`Unschedulable`: too little of a resource',
    spec: { ...shell('echo done'), resources: { requests: { cpu: '1000' } } },
    expected: {
      observation: 'waiting',
      waiting: 'unschedulable',
      decision: 'wait',
      says: /of 1 node, 1 has too little free cpu/,
    },
  },
  {
    name: 'unschedulable-selector',
    signal: '`Unschedulable`: no node has the labels',
    spec: shell('echo done'),
    shape: shapePod(() => ({ nodeSelector: { 'no.such/label': 'x' } })),
    expected: {
      observation: 'waiting',
      waiting: 'unschedulable',
      decision: 'wait',
      says: /affinity|selector/,
    },
  },
  {
    name: 'scheduling-gated',
    signal: '`SchedulingGated`: a queue manager holds the pod',
    spec: shell('echo done'),
    shape: shapePod(() => ({ schedulingGates: [{ name: 'example.com/queue' }] })),
    expected: { observation: 'waiting', waiting: 'suspended', decision: 'wait' },
  },
  {
    name: 'suspended',
    signal: 'the Job is suspended: a queue manager waits for quota',
    spec: shell('echo done'),
    shape: (job) => ({ ...job, spec: { ...job.spec!, suspend: true } }),
    expected: { observation: 'waiting', waiting: 'suspended', decision: 'wait' },
  },
  {
    name: 'quota-pods',
    signal: '`FailedCreate` (event): the quota of the namespace allows no pod',
    spec: shell('echo done'),
    quota: 'pods',
    expected: { observation: 'waiting', waiting: 'quota', decision: 'wait', says: /0 of 0 used/ },
  },
  {
    name: 'pod-security',
    signal: '`FailedCreate` (event): Pod Security refuses the pod',
    spec: shell('echo done'),
    shape: shapePod(() => ({ hostPID: true })),
    expected: { observation: 'refused', reason: 'launch_refused', decision: 'wait', says: /PodSecurity/ },
  },
  {
    name: 'quota-jobs',
    signal: 'the create answers 403: the quota allows no Job',
    spec: shell('echo done'),
    quota: 'jobs',
    expected: { observation: 'busy', waiting: 'quota', decision: 'wait', says: /exceeded quota/ },
  },
  {
    name: 'spec-invalid',
    signal: 'the create answers 422: the Job is invalid',
    spec: { ...shell('echo done'), resources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } },
    expected: { observation: 'refused', reason: 'launch_refused', decision: 'fail', says: /memory/ },
  },
  {
    name: 'namespace-missing',
    signal: 'the create answers 404: the namespace is gone',
    spec: shell('echo done'),
    shape: (job) => ({ ...job, metadata: { ...job.metadata, namespace: 'no-such-namespace' } }),
    expected: { observation: 'busy', decision: 'wait', says: /no-such-namespace/ },
  },
];
