import {
  newIncarnationId,
  newJobId,
  type Database,
  type ExitReport,
  type IncarnationId,
  type JobSpec,
  type LiveAttempt,
  type NewJob,
  type WriteContext,
} from '@job-orchestrator/types';

/** Samples for tests: complete, valid, and as plain as can be. */
export const sampleSpec: JobSpec = {
  name: null,
  image: 'busybox',
  imageReference: 'docker.io/library/busybox:1',
  command: ['sh', '-c', 'echo "hello \\ {world}"'],
  args: null,
  env: { GREETING: 'hello' },
  inputs: { n: 1 },
  output: false,
  resources: null,
  runAsUser: null,
  retry: { maxRetries: 0, infrastructureRetries: 5 },
  deadlines: { queueSeconds: 604_800, startSeconds: 3_600, runSeconds: 86_400, finalizeSeconds: 600 },
  labels: {},
};

export const sampleContext: WriteContext = { actor: 'tester', reason: 'a test' };
export const sampleRuntime = 'machine/folder';

/** A job that is due now, unless `changes` say otherwise. */
export const sampleJob = (changes: Partial<NewJob> = {}, spec: Partial<JobSpec> = {}): NewJob => ({
  id: newJobId(),
  project: 'default',
  topic: 'default',
  priority: 0,
  runAt: null,
  spec: { ...sampleSpec, ...spec },
  retryOf: null,
  rootJobId: null,
  ...changes,
});

export const sampleExit = (changes: Partial<ExitReport> = {}): ExitReport => ({
  exitCode: 0,
  startedAt: new Date('2026-01-02T03:04:05.678Z'),
  finishedAt: new Date('2026-01-02T03:04:06.789Z'),
  failure: null,
  output: { kind: 'none' },
  node: 'node-1',
  imageDigest: 'sha256:abc',
  ...changes,
});

/** Registers an executor with a fresh lease. */
export const registerSample = async (
  { executors }: Database,
  runtimeKey = sampleRuntime,
  sole = false,
): Promise<IncarnationId> => {
  const incarnation = newIncarnationId();
  await executors.register(
    {
      incarnation,
      name: `executor-${incarnation.slice(-4)}`,
      runtimeKind: 'process',
      runtimeKey,
      topics: null,
      maxRunning: 100,
      version: '0.1.0',
    },
    'nonce-1',
    sole,
  );
  return incarnation;
};

/** Claims from one topic. */
export const claimSample = (
  { queue }: Database,
  owner: IncarnationId,
  topic: string | null = null,
  limit = 10,
  runtimeKey = sampleRuntime,
): Promise<readonly LiveAttempt[]> =>
  queue.claimJobs({ owner, runtimeKey, topics: topic === null ? null : [topic], limit });
