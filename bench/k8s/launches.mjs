import { randomUUID } from 'node:crypto';
import { newJobId } from '../../packages/types/dist/index.js';

/** One program that ends at once: what is measured is everything around it. */
export const spec = {
  name: null,
  image: 'busybox',
  imageReference: 'localhost/busybox:1',
  command: ['true'],
  args: null,
  env: {},
  inputs: null,
  output: false,
  resources: null,
  runAsUser: null,
  retry: { maxRetries: 0, infrastructureRetries: 5 },
  deadlines: { queueSeconds: 604_800, startSeconds: 3_600, runSeconds: 86_400, finalizeSeconds: 600 },
  labels: {},
};

export const newAttemptId = randomUUID;
export const newInstallationId = randomUUID;

/** A first attempt of a new job, as an executor would launch it. */
export const launchOf = (installation, attemptId) => ({
  installation,
  jobId: newJobId(),
  attemptId,
  attemptNumber: 1,
  object: null,
  topic: 'bench',
  spec,
});
