import type { Clock, PodIdentifier, PodIdentity } from '@job-orchestrator/types';
import type { Credentials } from '../credentials/credentials.ts';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { list, mapping, text } from '../observe/fields.ts';

const podUidKey = 'authentication.kubernetes.io/pod-uid';

const refused = (message: string): PodIdentity => ({ kind: 'refused', message });

/** What a TokenReview says. `audiences`: an API server that checked none of ours leaves them out, and proves nothing. */
const judgeReview = (body: unknown, audience: string, namespace: string): PodIdentity => {
  const status = mapping(mapping(body, 'object')['status'], 'status');
  if (status['authenticated'] !== true)
    return refused(
      `Kubernetes does not accept the token: ${text(status['error'], 'status.error') || 'no reason given'}.`,
    );
  if (!list(status['audiences'], 'status.audiences').includes(audience))
    return refused('The token was made for another audience.');
  const user = mapping(status['user'], 'status.user');
  if (!text(user['username'], 'status.user.username').startsWith(`system:serviceaccount:${namespace}:`))
    return refused(`The token is not one of namespace ${namespace}.`);
  const [uid] = list(mapping(user['extra'], 'status.user.extra')[podUidKey], podUidKey);
  return typeof uid === 'string' && uid !== ''
    ? { kind: 'pod', uid }
    : refused('The token is not bound to a pod.');
};

const review = async (
  api: ApiClient,
  namespace: string,
  token: string,
  audience: string,
): Promise<PodIdentity> => {
  const answer = await api.json<unknown>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    },
  });
  if (answer.kind !== 'ok') return { kind: 'unavailable', message: `${answer.kind}: ${answer.message}` };
  try {
    return judgeReview(answer.body, audience, namespace);
  } catch (error) {
    return { kind: 'unavailable', message: `the answer cannot be read: ${(error as Error).message}` };
  }
};

/** Asks Kubernetes whose pod a token belongs to (TokenReview). Needs `tokenreviews` create, a right of the whole cluster. */
export const createTokenReviewer = (options: {
  readonly credentials: Credentials;
  readonly namespace: string;
  readonly clock?: Clock;
}): PodIdentifier & { close(): Promise<void> } => {
  const { credentials, namespace, clock } = options;
  const api = createApiClient({ credentials, ...(clock === undefined ? {} : { clock }) });
  return {
    identify: (token, audience) => review(api, namespace, token, audience),
    close: () => api.close(),
  };
};
