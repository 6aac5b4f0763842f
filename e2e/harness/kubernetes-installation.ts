import { freshDatabaseUrl } from '@job-orchestrator/postgres/testing';
import { createInstallation, type Installation } from './installation.ts';
import { eventually } from './eventually.ts';
import { listPods, watchPods, type PodLedger } from './kubectl.ts';
import { createNamespace, type TestNamespace } from './namespace.ts';
import type { Environment } from './binary.ts';
import type { JobStory } from './verdict.ts';

/** An installation on PostgreSQL and on a namespace of the cluster, with a ledger of every pod that ever was there. */
export interface KubernetesInstallation extends Installation {
  readonly namespace: TestNamespace;
  readonly pods: PodLedger;
  readonly environment: Environment;
}

/** The image of the pods: `e2e/cluster/build` makes it and `up` imports it. */
export const podImage = 'localhost/busybox:1';

export const createKubernetesInstallation = async (
  settings: Environment = {},
): Promise<KubernetesInstallation> => {
  const namespace = await createNamespace();
  const environment = {
    DATABASE_URL: await freshDatabaseUrl(),
    KUBECONFIG: namespace.kubeconfig,
    K8S_NAMESPACE: namespace.name,
    EXECUTOR_RUNTIME: 'kubernetes',
    ...settings,
  };
  const installation = await createInstallation(environment);
  const pods = watchPods(namespace.name);
  const close = async (): Promise<void> => {
    pods.stop();
    await installation.close();
    await namespace.remove();
  };
  return { ...installation, namespace, pods, environment, close };
};

/** Such an installation with one process for all roles and the image `busybox`, for the tests of a whole file. */
export const serveOnKubernetes = async (): Promise<KubernetesInstallation> => {
  const installation = await createKubernetesInstallation();
  installation.start(['serve']);
  await installation.ready();
  await installation.client.putImage({ name: 'busybox', reference: podImage });
  return installation;
};

/** Resolves once no pod of the namespace runs any more; finished ones may stay behind their tombstones. */
export const untilNoPodRuns = async (namespace: string, seconds: number): Promise<void> => {
  await eventually(`no pod runs in ${namespace}`, seconds, async () => {
    const running = (await listPods(namespace)).filter(
      ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed',
    );
    return running.length === 0;
  });
};

/**
 * What the pods contradict: an attempt whose program ended without a pod of its own, two pods for one Kubernetes Job,
 * or a restarted container.
 */
export const podComplaints = (ledger: PodLedger, stories: readonly JobStory[]): string[] => {
  const pods = [...ledger.pods];
  const jobs = pods.map(([, { job }]) => job);
  const ended = stories.flatMap(({ job }) => job.attempts).filter(({ exitCode }) => exitCode !== null);
  return [
    ...ended
      .filter(({ object }) => !jobs.includes(object?.name ?? ''))
      .map(({ id }) => `attempt ${id} had no pod`),
    ...jobs.filter((job, index) => jobs.indexOf(job) !== index).map((job) => `${job} had a second pod`),
    ...pods.filter(([, { restarts }]) => restarts > 0).map(([uid]) => `pod ${uid} was restarted`),
  ];
};
