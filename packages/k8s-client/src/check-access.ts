import { OrchestratorError } from '@job-orchestrator/types';
import type { Credentials } from './credentials/credentials.ts';
import { createApiClient, type ApiClient } from './http/api-client.ts';

/** One right that the runtime needs in its namespace, and whether we have it. */
export interface AccessAnswer {
  /** `get pods/log` */
  readonly right: string;
  readonly allowed: boolean;
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
 * Asks Kubernetes for each right that the runtime needs (SelfSubjectAccessReview), without touching anything.
 * Throws `runtime_unavailable` where it does not answer.
 */
export const checkAccess = async (options: {
  readonly credentials: Credentials;
  readonly namespace: string;
  /** Also asks for what it takes to review the tokens of collectors. */
  readonly collectors?: boolean;
}): Promise<readonly AccessAnswer[]> => {
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
    return answers;
  } finally {
    await client.close();
  }
};
