import type { CollectorSettings } from '../collector/container.ts';
import { attemptId, installationId, jobId, type AttemptLaunch, type JobSpec } from '@job-orchestrator/types';

const plainSpec: JobSpec = {
  name: null,
  image: 'busybox',
  imageReference: 'localhost/busybox:1',
  command: ['/bin/sh', '-c'],
  args: ['echo hello'],
  env: {},
  inputs: null,
  output: false,
  resources: null,
  runAsUser: null,
  retry: { maxRetries: 0, infrastructureRetries: 5 },
  deadlines: { queueSeconds: 604_800, startSeconds: 3_600, runSeconds: 86_400, finalizeSeconds: 600 },
  labels: {},
};

/** A collector as an administrator would set it. */
export const exampleCollector: CollectorSettings = {
  image: 'localhost/output-collector:1',
  serviceUrl: 'http://collector.jobs:8090',
};

/** A launch with fixed ids, for tests; `spec` overrides single fields. */
export const exampleLaunch = (spec: Partial<JobSpec> = {}): AttemptLaunch => ({
  installation: installationId('0190a000-0000-7000-8000-00000000cafe'),
  jobId: jobId('0190a000-1111-7000-8000-0000000012ab'),
  attemptId: attemptId('0190a000-2222-4000-8000-000000000001'),
  attemptNumber: 1,
  object: null,
  topic: 'default',
  spec: { ...plainSpec, ...spec },
});
