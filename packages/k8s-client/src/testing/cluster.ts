import { randomBytes } from 'node:crypto';
import type { ApiClient } from '../http/api-client.ts';
import { createApiClient } from '../http/api-client.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { loadCredentials } from '../credentials/load-credentials.ts';

/** A namespace of a real cluster, made for one test file; Pod Security `restricted` is enforced in it. */
export interface TestNamespace {
  readonly name: string;
  readonly admin: Credentials;
  readonly api: ApiClient;
  /** The credentials of a service account that has exactly the rights of design §9 here, or none. */
  minimal(rights?: 'none'): Promise<Credentials>;
  close(): Promise<void>;
}

const rules = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
];

const post = async (api: ApiClient, path: string, body: object): Promise<unknown> => {
  const made = await api.json<unknown>({ method: 'POST', path, body });
  if (made.kind !== 'ok') throw new Error(`${path}: ${made.kind}: ${made.message}`);
  return made.body;
};

const grant = async (api: ApiClient, namespace: string, granted: typeof rules): Promise<string> => {
  const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const metadata = { name: 'executor' };
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await post(api, accounts, { metadata });
  await post(api, `${roles}/roles`, { metadata, rules: granted });
  await post(api, `${roles}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'executor' },
    subjects: [{ kind: 'ServiceAccount', name: 'executor', namespace }],
  });
  const answer = (await post(api, `${accounts}/executor/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  })) as { status: { token: string } };
  return answer.status.token;
};

/** Makes a namespace on the cluster that `KUBECONFIG` names. */
export const createTestNamespace = async (): Promise<TestNamespace> => {
  const admin = await loadCredentials({ inCluster: false, env: process.env });
  const api = createApiClient({ credentials: admin });
  const name = `jo-test-${randomBytes(4).toString('hex')}`;
  await post(api, '/api/v1/namespaces', {
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  return {
    name,
    admin,
    api,
    minimal: async (rights) => {
      const token = await grant(api, name, rights === 'none' ? [] : rules);
      const { tls } = await admin.identity();
      const { ca } = tls;
      const identity = { headers: { authorization: `Bearer ${token}` }, tls: ca === undefined ? {} : { ca } };
      return {
        server: admin.server,
        source: 'test',
        identity: () => Promise.resolve(identity),
        invalidate: () => undefined,
      };
    },
    close: async () => {
      await api.json({ method: 'DELETE', path: `/api/v1/namespaces/${name}` });
      await api.close();
    },
  };
};
