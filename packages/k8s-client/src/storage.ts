import { parseQuantity, type JobSpec } from '@job-orchestrator/types';
import type { Volume } from 'kubernetes-types/core/v1.js';

const tmpLeast = '1Gi';
/** Four times the most that is taken of it: the rest is room for files that are written before they are renamed. */
export const outputVolumeLimit = '16Mi';

/** Where a job is given more disk than that, its /tmp may fill it. */
export const tmpLimit = ({ resources }: JobSpec): string => {
  const storage = resources?.limits?.['ephemeral-storage'];
  const [given, least] = [parseQuantity(storage ?? ''), parseQuantity(tmpLeast)];
  return storage !== undefined && given !== null && least !== null && given > least ? storage : tmpLeast;
};

/** Its pages are charged to the container, so that its memory limit holds for both together. */
export const sharedMemory = ({ resources }: JobSpec): Volume[] =>
  resources?.sharedMemory === undefined
    ? []
    : [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: resources.sharedMemory } }];
