import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubectl } from './kubectl.ts';

/** A namespace for one test file, and the credentials of an executor that may do no more than it must. */
export interface TestNamespace {
  readonly name: string;
  /** A kubeconfig whose service account has the rights of the manual and no others. */
  readonly kubeconfig: string;
  remove(): Promise<void>;
}

const manual = fileURLToPath(new URL('../../deploy/rights.yaml', import.meta.url));

/** The manifest that an administrator applies, for a namespace of another name: the tests have those rights and no others. */
const manifestFor = async (namespace: string): Promise<string> =>
  (await readFile(manual, 'utf8'))
    .replaceAll('namespace: jobs', `namespace: ${namespace}`)
    .replaceAll('name: jobs', `name: ${namespace}`)
    .replaceAll('job-orchestrator-token-reviews', namespace);

interface ClusterView {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
}

/** The administrator's cluster with the service account's token: what an administrator would hand out. */
const kubeconfigFor = async (namespace: string): Promise<object> => {
  const view = JSON.parse(
    await kubectl(['config', 'view', '--raw', '--flatten', '--minify', '-o', 'json']),
  ) as ClusterView;
  const token = (
    await kubectl(['create', 'token', 'job-orchestrator', '-n', namespace, '--duration', '1h'])
  ).trim();
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
  await kubectl(['create', '-f', '-'], await manifestFor(name));
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
