import { OrchestratorError } from '@job-orchestrator/types';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { ApiClient } from '../http/api-client.ts';
import type { ApiFailure } from '../http/api-result.ts';
import type { Paths } from '../http/paths.ts';
import { labels, managedBy } from '../labels.ts';

/** The Job whose uid names this namespace of this cluster. */
export const markerName = 'job-orchestrator-identity';

const explanation =
  'Its uid tells this namespace of this cluster from every other: executors adopt only attempts that carry it. ' +
  'It is suspended and never runs. Do not delete it while jobs run: their attempts would be left to nobody.';

/** The marker Job. Its pod is never made; the template is what the API server demands, and what Pod Security would allow. */
export const marker = (): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: markerName,
    labels: { [labels.managedBy]: managedBy },
    annotations: { 'job-orchestrator.io/explanation': explanation },
  },
  spec: {
    suspend: true,
    backoffLimit: 0,
    template: {
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65_532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: 'never-runs',
            image: 'registry.k8s.io/pause:3.10',
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ['ALL'] },
            },
          },
        ],
      },
    },
  },
});

/** An error that says what was tried, and what to do. */
export const unusable = (
  what: string,
  { kind, status, message }: Pick<ApiFailure, 'kind' | 'status' | 'message'>,
): OrchestratorError => {
  const answer = status === null ? kind : `${kind}, HTTP ${status}`;
  return new OrchestratorError(
    'runtime_unavailable',
    `Kubernetes cannot be used: ${what}: ${message} (${answer})`,
  );
};

interface MarkerJob {
  readonly metadata?: {
    readonly uid?: unknown;
    readonly labels?: Readonly<Record<string, unknown>> | null;
  } | null;
}

const uidOf = (job: MarkerJob): string => {
  const { uid, labels: found } = job.metadata ?? {};
  if (typeof uid !== 'string' || uid === '' || found?.[labels.managedBy] !== managedBy) {
    throw unusable(`the Job ${markerName}`, {
      kind: 'refused',
      status: null,
      message: 'it exists, but it is not ours',
    });
  }
  return uid;
};

const tries = 3;

/**
 * A key that no other cluster and no other namespace shares: the uid of a suspended marker Job in it, made by the first
 * executor. The uid of `kube-system` would do as well, but nothing below cluster-wide rights may read it; certificates and
 * addresses do not tell clusters apart (many share a CA, and all are `10.96.0.1` from inside). A uid is given by the API
 * server and never again, even where a namespace is restored from a backup elsewhere.
 * Throws `runtime_unavailable`.
 */
export const clusterKey = async (api: ApiClient, paths: Paths, namespace: string): Promise<string> => {
  for (let attempt = 1; ; attempt += 1) {
    const found = await api.json<MarkerJob>({ method: 'GET', path: paths.job(markerName) });
    if (found.kind === 'ok') return `${uidOf(found.body)}/${namespace}`;
    if (found.kind !== 'not_found') throw unusable(`reading Jobs of namespace ${namespace}`, found);
    const made = await api.json<MarkerJob>({ method: 'POST', path: paths.jobs, body: marker() });
    if (made.kind === 'ok') return `${uidOf(made.body)}/${namespace}`;
    // Another executor made it just now, or the answer was lost: look again.
    if ((made.kind !== 'conflict' && made.kind !== 'unresolved') || attempt >= tries) {
      throw unusable(`making the Job ${markerName} in namespace ${namespace}`, made);
    }
  }
};
