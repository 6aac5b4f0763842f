import { OrchestratorError } from '@job-orchestrator/types';
import type { Credentials } from './credentials/credentials.ts';
import { createApiClient, type ApiClient } from './http/api-client.ts';
import { pathsOf, query } from './http/paths.ts';
import { marker } from './runtime/cluster-key.ts';

/** One right that the runtime needs in its namespace, and whether we have it. */
interface AccessAnswer {
  /** `get pods/log` */
  readonly right: string;
  readonly allowed: boolean;
}

/**
 * `missing`: it does not exist. `going`: it is being deleted. `unknown`: that cannot be said, for want of the right to
 * create Jobs there or because the answer was none.
 */
export type NamespaceState = 'there' | 'missing' | 'going' | 'unknown';

export interface Access {
  readonly namespace: NamespaceState;
  readonly rights: readonly AccessAnswer[];
}

interface Review {
  readonly status?: { readonly allowed?: boolean };
}

/** What the runtime does, and nothing more; the Role of the manual grants the same. */
const rights: readonly (readonly [group: string, resource: string, subresource: string, verbs: string])[] = [
  ['batch', 'jobs', '', 'create get list watch patch delete'],
  ['', 'pods', '', 'get list watch'],
  ['', 'pods', 'log', 'get'],
  ['', 'events', '', 'list watch'],
];

/** What the API needs beside it, in the whole cluster, to take outputs from collectors. */
const collectorRight = ['authentication.k8s.io', 'tokenreviews', '', 'create'] as const;

const ask = async (
  client: ApiClient,
  attributes: { group: string; resource: string; subresource: string; verb: string; namespace: string },
): Promise<boolean> => {
  const answer = await client.json<Review>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    },
  });
  if (answer.kind === 'ok') return answer.body.status?.allowed === true;
  throw new OrchestratorError('runtime_unavailable', `Kubernetes cannot be asked: ${answer.message}`);
};

/**
 * Rights say nothing of whether the namespace is there: an administrator has them in any, and lists are empty in a missing
 * one. To read the namespace itself is a right that executors do not have; creating a Job in it is, and nothing is kept.
 */
const findNamespace = async (client: ApiClient, namespace: string): Promise<NamespaceState> => {
  const path = `${pathsOf(namespace).jobs}${query({ dryRun: 'All' })}`;
  const answer = await client.json<unknown>({ method: 'POST', path, body: marker() });
  if (answer.kind === 'ok' || answer.kind === 'conflict') return 'there';
  if (answer.kind === 'not_found') return /^namespaces\b/.test(answer.message) ? 'missing' : 'unknown';
  return answer.kind === 'refused' && /because it is being terminated/.test(answer.message)
    ? 'going'
    : 'unknown';
};

/**
 * Asks Kubernetes for each right that the runtime needs (SelfSubjectAccessReview) and whether the namespace is there,
 * without touching anything. Throws `runtime_unavailable` where it does not answer.
 */
export const checkAccess = async (options: {
  readonly credentials: Credentials;
  readonly namespace: string;
  /** Also asks for what it takes to review the tokens of collectors. */
  readonly collectors?: boolean;
}): Promise<Access> => {
  const { credentials, namespace, collectors = false } = options;
  const client = createApiClient({ credentials });
  try {
    const answers: AccessAnswer[] = [];
    for (const [group, resource, subresource, verbs] of collectors ? [...rights, collectorRight] : rights)
      for (const verb of verbs.split(' ')) {
        const where = resource === 'tokenreviews' ? '' : namespace;
        const allowed = await ask(client, { group, resource, subresource, verb, namespace: where });
        answers.push({ right: `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`, allowed });
      }
    return { namespace: await findNamespace(client, namespace), rights: answers };
  } finally {
    await client.close();
  }
};
