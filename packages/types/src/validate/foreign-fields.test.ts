import { describe, expect, test } from 'vitest';
import { isOrchestratorError } from '../errors/orchestrator-error.ts';
import type { Problem } from '../errors/problems.ts';
import { validateImageSubmission, validateJobSubmission } from './submissions.ts';

const problemsOf = (job: object): readonly Problem[] => {
  try {
    validateJobSubmission({ image: 'a', ...job });
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  return [];
};

/** What a submitter can't set (by its name in a pod), and what the refusal has to say. */
const forbidden: readonly (readonly [field: string, value: unknown, hint: string])[] = [
  ['privileged', true, '`restricted`'],
  ['securityContext', { privileged: true }, '`restricted`'],
  ['capabilities', { add: ['SYS_ADMIN'] }, '`restricted`'],
  ['runAsUser', 0, '--run-as-user'],
  ['hostPath', '/', 'nothing else is mounted'],
  ['volumes', [], 'nothing else is mounted'],
  ['volumeMounts', [], 'nothing else is mounted'],
  ['hostNetwork', true, 'a network of their own'],
  ['hostPID', true, 'a network of their own'],
  ['hostIPC', true, 'a network of their own'],
  ['shareProcessNamespace', true, 'a network of their own'],
  ['ports', [{ hostPort: 80 }], 'serve nothing'],
  ['namespace', 'kube-system', 'K8S_NAMESPACE'],
  ['serviceAccount', 'admin', '`profile`'],
  ['serviceAccountName', 'admin', '`profile`'],
  ['automountServiceAccountToken', true, 'no program is given a token'],
  ['imagePullSecrets', ['x'], 'image add --pull-secret'],
  ['pullSecrets', ['x'], 'image add --pull-secret'],
  ['tolerations', [], '`profile`'],
  ['nodeSelector', {}, '`profile`'],
  ['nodeName', 'node-1', '`profile`'],
  ['affinity', {}, '`profile`'],
  ['priorityClassName', 'system-node-critical', '`profile`'],
  ['runtimeClassName', 'runc', '`profile`'],
  ['lifecycle', { preStop: {} }, 'one container'],
  ['hooks', {}, 'one container'],
  ['initContainers', [], 'one container'],
  ['sidecars', [], 'one container'],
  ['containers', [], 'one container'],
  ['envFrom', [{ secretRef: { name: 'x' } }], '`secretEnv'],
  ['podSpecPatch', '{}', 'nothing is merged'],
];

test.each(forbidden)('%s is refused by name, with whose it is', (field, value, hint) => {
  expect(problemsOf({ [field]: value })).toEqual([
    {
      field,
      message: expect.stringMatching(/^is not yours to set: /) as string,
      value: field,
    },
  ]);
  expect(problemsOf({ [field]: value })[0]?.message).toContain(hint);
});

test('a value of a Secret cannot come by `env` or by a reference in it', () => {
  const env = { TOKEN: { valueFrom: { secretKeyRef: { name: 's', key: 'k' } } } };
  expect(problemsOf({ env })).toMatchObject([{ field: 'env.TOKEN', message: 'must be a string' }]);
});

test.each([
  'job-orchestrator.io/attempt',
  'pod-security.kubernetes.io/enforce',
  'kueue.x-k8s.io/priority-class',
  'kueue.x-k8s.io/prebuilt-workload-name',
  'x-k8s.io/a',
  'job-name',
  'controller-uid',
])('the label %s is ours or Kubernetes’ and cannot be set', (key) => {
  expect(problemsOf({ labels: { [key]: 'a' } })).toMatchObject([
    { field: `labels.${key}`, message: expect.stringContaining('reserved') as string, value: key },
  ]);
});

test.each(['team', 'example.com/job-name', 'notk8s.io/a', 'kueue.x-k8s.io/queue-name'])(
  'the label %s is the submitter’s',
  (key) => {
    expect(problemsOf({ labels: { [key]: 'a' } })).toEqual([]);
  },
);

describe('what belongs elsewhere is told with its place', () => {
  test.each<[string, object, string, string]>([
    ['cpu', { resources: { cpu: 1 } }, 'resources.cpu', 'resources: { limits: { cpu: … } }'],
    ['a device', { resources: { 'nvidia.com/gpu': 1 } }, 'resources.nvidia.com/gpu', '{ nvidia.com/gpu: … }'],
    ['the size of /dev/shm', { shmSize: '1Gi' }, 'shmSize', 'resources.sharedMemory'],
    ['a queue', { queue: 'a' }, 'queue', '`localQueue` a queue of Kueue'],
  ])('%s', (_name, job, field, hint) => {
    expect(problemsOf(job)).toMatchObject([{ field, message: expect.stringContaining(hint) as string }]);
  });
});

describe('resources', () => {
  test('may be numbers, as YAML has them', () => {
    const resources = { limits: { cpu: 2, 'nvidia.com/gpu': 1, memory: '1Gi' }, sharedMemory: '512Mi' };
    expect(problemsOf({ resources })).toEqual([]);
  });
  test.each<[string, object, string, string]>([
    ['a device that is only requested', { requests: { 'a.b/c': 1 } }, 'requests.a.b/c', 'leave it out'],
    [
      'another request than limit',
      { requests: { 'a.b/c': 1 }, limits: { 'a.b/c': 2 } },
      'requests.a.b/c',
      'the same',
    ],
    ['half a device', { limits: { 'a.b/c': 0.5 } }, 'limits.a.b/c', 'a whole number'],
    [
      'shared memory over the limit',
      { limits: { memory: '1Gi' }, sharedMemory: '2Gi' },
      'sharedMemory',
      'counts against',
    ],
    ['a word', { limits: { memory: true } }, 'limits.memory', 'a quantity such as'],
    ['a typing error', { limits: { memroy: '1Gi' } }, 'limits.memroy', 'did you mean memory?'],
    ['gpu', { limits: { gpu: 1 } }, 'limits.gpu', 'did you mean nvidia.com/gpu?'],
  ])('are refused for %s', (_name, resources, field, message) => {
    expect(problemsOf({ resources })).toMatchObject([
      { field: `resources.${field}`, message: expect.stringContaining(message) as string },
    ]);
  });
});

describe('secretEnv', () => {
  test.each<[string, object, string, string]>([
    [
      'a variable of ours',
      { secretEnv: { JOB_ORCHESTRATOR_X: 'a' } },
      'secretEnv.JOB_ORCHESTRATOR_X',
      'reserved',
    ],
    ['no name', { secretEnv: { 'a-b': 'a' } }, 'secretEnv.a-b', 'letters, digits and _'],
    ['a variable of env', { env: { A: '1' }, secretEnv: { A: 'a' } }, 'secretEnv.A', 'stands in env too'],
    ['a reference', { secretEnv: { A: { secret: 's', key: 'k' } } }, 'secretEnv.A', 'must be a string'],
  ])('is refused for %s', (_name, job, field, message) => {
    expect(problemsOf(job)).toMatchObject([{ field, message: expect.stringContaining(message) as string }]);
  });
});

test('a queue of Kueue is named once', () => {
  const label = { 'kueue.x-k8s.io/queue-name': 'a' };
  expect(problemsOf({ localQueue: 'a', labels: label })).toEqual([]);
  expect(problemsOf({ localQueue: 'b', labels: label })).toMatchObject([{ field: 'localQueue' }]);
});

test('an image names its pull secrets', () => {
  const image = { name: 'a', reference: 'r.example/a:1', pullSecrets: ['r'] };
  expect(validateImageSubmission(image)).toEqual(image);
});
