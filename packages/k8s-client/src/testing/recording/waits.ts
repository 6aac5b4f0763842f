import { shapeMain, shapePod, shell, type Scenario, type Stage } from './scenario.ts';

const webhooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const forWebhook = { 'example.com/webhook': 'down' };

/** A webhook that nobody serves, for the pods of one namespace that are marked for it; it goes with the namespace. */
const addDeadWebhook = async ({ api, namespace }: Stage): Promise<void> => {
  const space = await api.json<{ metadata: { uid: string } }>({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}`,
  });
  if (space.kind !== 'ok') throw new Error(space.message);
  const owner = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: space.body.metadata.uid };
  const webhook = {
    name: 'policy.example.com',
    clientConfig: { url: 'https://127.0.0.1:1/' },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    objectSelector: { matchLabels: forWebhook },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Fail',
  };
  const metadata = { name: namespace, ownerReferences: [owner] };
  const made = await api.json({ method: 'POST', path: webhooks, body: { metadata, webhooks: [webhook] } });
  if (made.kind !== 'ok') throw new Error(made.message);
};

const markForWebhook: NonNullable<Scenario['shape']> = (job) => {
  const { spec } = job;
  if (spec === undefined) throw new Error('the manifest has no spec');
  const { metadata } = spec.template;
  const marked = { ...metadata, labels: { ...metadata?.labels, ...forWebhook } };
  return { ...job, spec: { ...spec, template: { ...spec.template, metadata: marked } } };
};

const fromSecret = (ref: object): NonNullable<Scenario['shape']> =>
  shapeMain({ env: [{ name: 'TOKEN', valueFrom: ref }] });

/** What keeps programs from starting. */
export const waits: readonly Scenario[] = [
  {
    name: 'subpath',
    signal: '`CreateContainerConfigError` of a subPath',
    spec: shell('echo done'),
    // Every namespace has this ConfigMap, and below a file there is no path.
    shape: (job, stage) =>
      shapePod((pod) => ({
        volumes: [...(pod.volumes ?? []), { name: 'data', configMap: { name: 'kube-root-ca.crt' } }],
      }))(
        shapeMain({ volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'ca.crt/inner' }] })(job),
        stage,
      ),
    expected: { observation: 'refused', reason: 'node_trouble', decision: 'wait', says: /subPath/ },
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
    name: 'quota-needs-limits',
    signal: '`FailedCreate` (event): the quota demands limits that the job does not name',
    spec: shell('echo done'),
    quota: 'limits',
    expected: { observation: 'refused', reason: 'launch_refused', decision: 'wait', says: /must specify/ },
  },
  {
    name: 'webhook-down',
    signal: '`FailedCreate` (event): an admission webhook does not answer',
    spec: shell('echo done'),
    before: addDeadWebhook,
    shape: markForWebhook,
    expected: {
      observation: 'waiting',
      waiting: 'launching',
      decision: 'wait',
      says: /failed calling webhook/,
    },
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
