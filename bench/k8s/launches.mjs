import { newJobId } from '../../packages/types/dist/index.js';
import { spec as plain } from '../queue/systems/job-orchestrator.mjs';

/** One program that ends at once: what is measured is everything around it. */
export const spec = { ...plain, imageReference: 'localhost/busybox:1', command: ['true'] };

/** One that runs until it is stopped. */
export const endlessSpec = { ...spec, command: ['sleep', '86400'] };

/** A first attempt of a new job, as an executor would launch it. */
export const launchOf = (installation, attemptId) => ({
  installation,
  jobId: newJobId(),
  attemptId,
  attemptNumber: 1,
  object: null,
  topic: 'bench',
  spec,
  avoidNode: null,
});
