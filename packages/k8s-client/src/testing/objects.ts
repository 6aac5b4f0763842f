import type { AttemptLaunch } from '@job-orchestrator/types';
import { renderJob } from '../manifest.ts';
import { exampleLaunch } from './launches.ts';
import type { FakeObject } from './fake-store.ts';

/** A Job as the API server would show it, with a status. */
export const jobObject = (
  launch: AttemptLaunch = exampleLaunch(),
  fields: Record<string, unknown> = {},
): FakeObject => {
  const job = renderJob(launch);
  const { metadata, ...rest } = { ...fields } as { metadata?: object };
  return {
    ...(job as object),
    ...rest,
    metadata: {
      uid: 'job-uid',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...job.metadata,
      ...metadata,
    },
  } as FakeObject;
};

/** A pod of that Job. `status` and `metadata` are laid over a pod that waits for a node. */
export const podObject = (
  status: object = {},
  metadata: object = {},
  { launch = exampleLaunch(), spec = {} }: { launch?: AttemptLaunch; spec?: object } = {},
): FakeObject => {
  const job = renderJob(launch);
  return {
    metadata: {
      name: `${job.metadata?.name ?? ''}-abcde`,
      uid: 'pod-uid',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:01Z',
      labels: job.metadata?.labels,
      ownerReferences: [{ kind: 'Job', controller: true, uid: 'job-uid', name: job.metadata?.name }],
      ...metadata,
    },
    spec: { nodeName: 'node-1', ...spec },
    status: { phase: 'Pending', ...status },
  } as FakeObject;
};

/** The status of a pod whose main container is in a state. */
export const mainState = (phase: string, state: object, rest: object = {}): object => ({
  phase,
  containerStatuses: [{ name: 'main', imageID: 'sha256:abc', state }],
  ...rest,
});

/** The status of a pod whose program ended. */
export const exited = (exitCode: number, rest: object = {}, terminated: object = {}): object =>
  mainState(
    exitCode === 0 ? 'Succeeded' : 'Failed',
    {
      terminated: {
        exitCode,
        reason: exitCode === 0 ? 'Completed' : 'Error',
        startedAt: '2026-01-01T00:00:02Z',
        finishedAt: '2026-01-01T00:00:09Z',
        ...terminated,
      },
    },
    rest,
  );
