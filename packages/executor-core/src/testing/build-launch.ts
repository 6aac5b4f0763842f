import { randomUUID } from 'node:crypto';
import {
  attemptId,
  defaultDeadlines,
  defaultRetry,
  newJobId,
  type AttemptLaunch,
  type InstallationId,
  type JobSpec,
} from '@job-orchestrator/types';

/** A complete spec; each test names only what it is about. */
export const buildSpec = (overrides: Partial<JobSpec> = {}): JobSpec => ({
  name: null,
  image: 'shell',
  imageReference: 'docker.io/library/busybox:1.36',
  command: null,
  args: null,
  env: {},
  inputs: null,
  output: false,
  resources: null,
  runAsUser: null,
  retry: defaultRetry,
  deadlines: defaultDeadlines,
  labels: {},
  ...overrides,
});

/** A launch of a new job's first attempt. */
export const buildLaunch = (installation: InstallationId, spec: Partial<JobSpec> = {}): AttemptLaunch => ({
  installation,
  jobId: newJobId(),
  attemptNumber: 1,
  attemptId: attemptId(randomUUID()),
  object: null,
  topic: 'default',
  avoidNode: null,
  spec: buildSpec(spec),
});

/** A guard for `ensure` that always lets create. */
export const unguarded = (): boolean => true;
