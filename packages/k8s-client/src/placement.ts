import { localQueueLabel, type AttemptLaunch } from '@job-orchestrator/types';
import type { PodSpec } from 'kubernetes-types/core/v1.js';

const present = <Value>(key: string, value: Value | null | undefined): Record<string, Value> =>
  value === null || value === undefined ? {} : { [key]: value };

/** What an administrator's profile and image say of a pod: single fields, never a fragment that is merged. */
export const placed = ({ placement, spec }: AttemptLaunch): Partial<PodSpec> => {
  const pullSecrets = new Set([...(spec.pullSecrets ?? []), ...(placement?.pullSecrets ?? [])]);
  return {
    ...(pullSecrets.size === 0 ? {} : { imagePullSecrets: [...pullSecrets].map((name) => ({ name })) }),
    ...(Object.keys(placement?.nodeSelector ?? {}).length === 0
      ? {}
      : { nodeSelector: { ...placement?.nodeSelector } }),
    ...((placement?.tolerations ?? []).length === 0
      ? {}
      : { tolerations: placement?.tolerations.map((each) => ({ ...each })) ?? [] }),
    ...present('priorityClassName', placement?.priorityClassName),
    ...present('serviceAccountName', placement?.serviceAccountName),
    ...present('runtimeClassName', placement?.runtimeClassName),
  };
};

/** Kueue's own label, on the Job alone: it manages the pods of a Job through it. */
export const queueLabel = ({ placement, spec }: AttemptLaunch): Readonly<Record<string, string>> =>
  present(localQueueLabel, spec.localQueue ?? spec.labels[localQueueLabel] ?? placement?.localQueue);
