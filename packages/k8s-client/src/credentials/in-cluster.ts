import { join } from 'node:path';
import { OrchestratorError, type Clock } from '@job-orchestrator/types';
import type { Credentials } from './credentials.ts';
import { bearer, rereadFile } from './identity-sources.ts';

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The pod's own service account: token and CA are re-read each minute. Throws `runtime_unavailable` outside a cluster. */
export const inClusterCredentials = (
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  folder = serviceAccountFolder,
): Credentials => {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT'] ?? '443'];
  if (host === undefined || host === '') {
    throw new OrchestratorError(
      'runtime_unavailable',
      'KUBERNETES_SERVICE_HOST is not set: this is no pod of a cluster. Unset K8S_IN_CLUSTER to use a kubeconfig.',
    );
  }
  const token = rereadFile(join(folder, 'token'), 'service account', clock);
  const ca = rereadFile(join(folder, 'ca.crt'), 'service account', clock);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    source: 'the service account of this pod',
    identity: async () => ({ headers: bearer(await token.get()), tls: { ca: await ca.get() } }),
    invalidate: token.invalidate,
  };
};
