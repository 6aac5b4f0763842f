import { waitUntil } from '@job-orchestrator/executor-core/testing';
import type { Job } from 'kubernetes-types/batch/v1.js';
import { shell, type Scenario, type Stage } from './scenario.ts';

const admission = '/apis/admissionregistration.k8s.io/v1';
type Denied = 'jobs' | 'pods';
const markOf = (denied: Denied): Record<string, string> => ({ 'example.com/policy': denied });

const post = async ({ api }: Stage, path: string, body: object): Promise<void> => {
  const made = await api.json({ method: 'POST', path, body });
  if (made.kind !== 'ok') throw new Error(`${path}: ${made.message}`);
};

/** Denies what is marked for it in this namespace, with a word that might be mistaken for a fault; it goes with the namespace. */
const policyOf = (stage: Stage, denied: Denied, owner: object): object => ({
  metadata: { name: `${stage.namespace}-${denied}`, ownerReferences: [owner] },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.namespace } },
      objectSelector: { matchLabels: markOf(denied) },
      resourceRules: [
        {
          apiGroups: [denied === 'jobs' ? 'batch' : ''],
          apiVersions: ['v1'],
          operations: ['CREATE'],
          resources: [denied],
        },
        // What can be tried without any other effect, to see that the policy is in force.
        { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
      ],
    },
    validations: [{ expression: 'false', message: 'no job without a timeout' }],
  },
});

const isInForce = async ({ api, namespace }: Stage, denied: Denied): Promise<true | null> => {
  const path = `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`;
  const body = { metadata: { name: `probe-${denied}`, labels: markOf(denied) } };
  return (await api.json({ method: 'POST', path, body })).kind === 'refused' || null;
};

const addPolicy =
  (denied: Denied) =>
  async (stage: Stage): Promise<void> => {
    const { api, namespace } = stage;
    const path = `/api/v1/namespaces/${namespace}`;
    const space = await api.json<{ metadata: { uid: string } }>({ method: 'GET', path });
    if (space.kind !== 'ok') throw new Error(space.message);
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: namespace, uid: space.body.metadata.uid };
    const policyName = `${namespace}-${denied}`;
    const metadata = { name: policyName, ownerReferences: [owner] };
    await post(stage, `${admission}/validatingadmissionpolicies`, policyOf(stage, denied, owner));
    const binding = { metadata, spec: { policyName, validationActions: ['Deny'] } };
    await post(stage, `${admission}/validatingadmissionpolicybindings`, binding);
    await waitUntil('the policy is in force', () => isInForce(stage, denied), { timeoutMs: 60_000 });
  };

const marked = (job: Job, denied: Denied): Job => {
  const { metadata, spec } = job;
  if (spec === undefined) throw new Error('the manifest has no spec');
  const add = (meta: Job['metadata']): NonNullable<Job['metadata']> => ({
    ...meta,
    labels: { ...meta?.labels, ...markOf(denied) },
  });
  if (denied === 'jobs') return { ...job, metadata: add(metadata) };
  return { ...job, spec: { ...spec, template: { ...spec.template, metadata: add(spec.template.metadata) } } };
};

const denied = {
  observation: 'refused',
  reason: 'launch_refused',
  says: /no job without a timeout/,
} as const;

/** What an administrator's rules refuse. */
export const policies: readonly Scenario[] = [
  {
    name: 'policy-denied-pod',
    signal: '`FailedCreate` (event): a ValidatingAdmissionPolicy denies the pod',
    spec: shell('echo done'),
    before: addPolicy('pods'),
    shape: (job) => marked(job, 'pods'),
    expected: { ...denied, decision: 'wait' },
  },
  {
    name: 'policy-denied-job',
    signal: 'the create answers 422: a ValidatingAdmissionPolicy denies the Job',
    spec: shell('echo done'),
    before: addPolicy('jobs'),
    shape: (job) => marked(job, 'jobs'),
    expected: { ...denied, decision: 'fail' },
  },
  {
    name: 'create-forbidden',
    signal: 'the create answers 403: our rights are gone',
    spec: shell('echo done'),
    rightless: true,
    expected: {
      observation: 'busy',
      waiting: 'runtime_unreachable',
      decision: 'wait',
      says: /cannot create resource/,
    },
  },
];
