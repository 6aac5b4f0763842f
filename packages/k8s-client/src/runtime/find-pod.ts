import type { AttemptRef } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { query, type Paths } from '../http/paths.ts';
import { installationSelector, labels } from '../labels.ts';
import { decodePod } from '../observe/decode.ts';
import type { ContainerView, PodView } from '../observe/views.ts';
import type { RuntimeContext } from './context.ts';

/** The pod of an attempt. `none`: certain that there is none. `unknown`: that cannot be said now. */
export type FoundPod =
  | { readonly kind: 'found'; readonly name: string; readonly collector: ContainerView | null }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

const decodeOrNull = (object: unknown): PodView | null => {
  try {
    return decodePod(object);
  } catch {
    return null;
  }
};

/** The oldest pod of an attempt, asked from the server. */
export const askForPod = async (api: ApiClient, paths: Paths, ref: AttemptRef): Promise<FoundPod> => {
  // Not by the attempt's id: the pod of a Job that was taken over keeps the id that it was created under.
  const ofAttempt = `${labels.jobId}=${ref.jobId},${labels.attempt}=${ref.attemptNumber}`;
  const labelSelector = `${installationSelector(ref.installation)},${ofAttempt}`;
  const answer = await api.json<{ items?: unknown[] } | null>({
    method: 'GET',
    path: paths.pods + query({ labelSelector }),
  });
  if (answer.kind !== 'ok') return { kind: 'unknown' };
  const pods = (answer.body?.items ?? []).map(decodeOrNull).filter((pod) => pod !== null);
  const fitting = pods.filter((pod) => ref.object === null || pod.jobUid === ref.object.uid);
  const [oldest] = fitting.toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
  return oldest === undefined ? { kind: 'none' } : { kind: 'found', ...oldest };
};

/** The pod of an attempt: as it was seen, else asked from the server. */
export const findPod = async (context: RuntimeContext, ref: AttemptRef): Promise<FoundPod> => {
  const { job, pods } = context.store.view(ref.attemptId);
  const uid = ref.object?.uid ?? job?.uid;
  const seen = pods.find((pod) => pod.jobUid === uid && !pod.gone);
  return seen === undefined ? askForPod(context.api, context.paths, ref) : { kind: 'found', ...seen };
};

/** The name of an attempt's pod; null when it has none, or that cannot be said now. */
export const nameOfPod = (pod: FoundPod): string | null => (pod.kind === 'found' ? pod.name : null);
