import type { Clock } from '@job-orchestrator/types';
import { systemClock } from '../system-clock.ts';
import type { Credentials } from './credentials.ts';
import { inClusterCredentials } from './in-cluster.ts';
import { chooseContext, kubeconfigPaths, readKubeconfigFiles } from './kubeconfig-file.ts';
import { contextCredentials } from './kubeconfig.ts';

export interface CredentialOptions {
  /** True: the pod's service account; false: a kubeconfig (`KUBECONFIG`, else `~/.kube/config`). */
  readonly inCluster: boolean;
  /** The context to use instead of the current one. */
  readonly context?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
}

/** Finds out who we are to which API server; sends nothing. Throws `runtime_unavailable`, `invalid_configuration`. */
export const loadCredentials = async (options: CredentialOptions): Promise<Credentials> => {
  const clock = options.clock ?? systemClock;
  if (options.inCluster) return inClusterCredentials(options.env, clock);
  const files = await readKubeconfigFiles(kubeconfigPaths(options.env));
  return contextCredentials(chooseContext(files, options.context), clock);
};
