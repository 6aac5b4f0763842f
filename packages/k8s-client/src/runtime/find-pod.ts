import type { AttemptRef } from '@job-orchestrator/types';
import type { ApiClient } from '../http/api-client.ts';
import { query, type Paths } from '../http/paths.ts';
import { installationSelector, labels } from '../labels.ts';
import { decodePod } from '../observe/decode.ts';
import type { PodView } from '../observe/views.ts';

const decodeOrNull = (object: unknown): PodView | null => {
  try {
    return decodePod(object);
  } catch {
    return null;
  }
};

/** The oldest pod of an attempt, asked from the server; null when there is none, or none can be read now. */
export const askForPod = async (api: ApiClient, paths: Paths, ref: AttemptRef): Promise<string | null> => {
  // Not by the attempt's id: the pod of a Job that was taken over keeps the id that it was created under.
  const ofAttempt = `${labels.jobId}=${ref.jobId},${labels.attempt}=${ref.attemptNumber}`;
  const labelSelector = `${installationSelector(ref.installation)},${ofAttempt}`;
  const answer = await api.json<{ items?: unknown[] } | null>({
    method: 'GET',
    path: paths.pods + query({ labelSelector }),
  });
  if (answer.kind !== 'ok') return null;
  const pods = (answer.body?.items ?? []).map(decodeOrNull).filter((pod) => pod !== null);
  const fitting = pods.filter((pod) => ref.object === null || pod.jobUid === ref.object.uid);
  return (
    fitting.toSorted((one, other) => one.createdAt.getTime() - other.createdAt.getTime())[0]?.name ?? null
  );
};
