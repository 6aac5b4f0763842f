import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl } from './kubectl.ts';

/** A namespace for one test file, and the credentials of an executor that may do no more than it must. */
export interface TestNamespace {
  readonly name: string;
  /** A kubeconfig whose service account has the rights of the manual and no others. */
  readonly kubeconfig: string;
  remove(): Promise<void>;
}

/** The rights that the manual asks for in the namespace (never secrets, exec, roles or nodes). */
const rules = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
];

/** What the API needs of the whole cluster, to know whose token a collector shows. */
const reviewRights = (namespace: string) => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: namespace },
    rules: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
    subjects: [{ kind: 'ServiceAccount', name: 'executor', namespace }],
  },
];

const documents = (namespace: string) => [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'executor', namespace } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'executor', namespace },
    rules,
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'executor', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'executor' },
    subjects: [{ kind: 'ServiceAccount', name: 'executor', namespace }],
  },
  ...reviewRights(namespace),
];

interface ClusterView {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
}

/** The administrator's cluster with the service account's token: what an administrator would hand out. */
const kubeconfigFor = async (namespace: string): Promise<object> => {
  const view = JSON.parse(
    await kubectl(['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json']),
  ) as ClusterView;
  const token = (await kubectl(['create', 'token', 'executor', '-n', namespace, '--duration', '1h'])).trim();
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'e2e',
    clusters: [{ name: 'e2e', cluster: view.clusters[0]?.cluster }],
    users: [{ name: 'executor', user: { token } }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'executor', namespace } }],
  };
};

/** Makes a namespace that enforces Pod Security `restricted`, and an executor's service account in it. */
export const createNamespace = async (): Promise<TestNamespace> => {
  const name = `jo-e2e-${randomBytes(4).toString('hex')}`;
  for (const document of documents(name)) await kubectl(['create', '-f', '-'], JSON.stringify(document));
  const folder = await mkdtemp(join(tmpdir(), 'jo-e2e-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(await kubeconfigFor(name)), { mode: 0o600 });
  return {
    name,
    kubeconfig,
    remove: async () => {
      await kubectl(['delete', 'namespace', name, '--wait=false']);
      await kubectl(['delete', 'clusterrole,clusterrolebinding', name, '--wait=false']);
      await rm(folder, { recursive: true });
    },
  };
};
