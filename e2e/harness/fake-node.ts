import { randomBytes } from 'node:crypto';
import { eventually } from './eventually.ts';
import { kubectl } from './kubectl.ts';

/**
 * A node of which only the object exists. Pods are bound to it by hand, and their kubelet is played by patching their
 * status; the controllers of the cluster treat both as what they look like.
 */
export interface FakeNode {
  readonly name: string;
  /** Takes a pod that no node can take, and reports that its program runs. */
  take(namespace: string, job: string): Promise<string>;
  /** Its kubelet says this of a pod's phase, which may be nonsense. */
  report(namespace: string, pod: string, phase: string): Promise<void>;
  /** The taint manager evicts its pods; nobody is there to end them. */
  die(): Promise<void>;
  /** An administrator says that it will not come back: what hangs on it is removed by the pod garbage collector. */
  writeOff(): Promise<void>;
  remove(): Promise<void>;
}

const runningStatus = (startedAt: string): object => ({
  phase: 'Running',
  startTime: startedAt,
  conditions: ['PodScheduled', 'PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'].map(
    (type) => ({
      type,
      status: 'True',
      lastTransitionTime: startedAt,
    }),
  ),
  containerStatuses: [
    {
      name: 'main',
      image: 'localhost/busybox:1',
      imageID: '',
      ready: true,
      restartCount: 0,
      started: true,
      state: { running: { startedAt } },
    },
  ],
});

const podOf = (namespace: string, job: string): Promise<string> =>
  eventually(`a pod of ${job}`, 30, async () =>
    (await kubectl(['get', 'pods', '-n', namespace, '-l', `job-name=${job}`, '-o', 'name']))
      .trim()
      .replace('pod/', ''),
  );

const patchStatus = async (namespace: string, pod: string, status: object): Promise<void> => {
  const patch = JSON.stringify({ status });
  await kubectl(['patch', 'pod', pod, '-n', namespace, '--subresource=status', '--type=merge', '-p', patch]);
};

/** Makes a node that no pod is scheduled to by itself. */
export const createFakeNode = async (): Promise<FakeNode> => {
  const name = `e2e-fake-${randomBytes(4).toString('hex')}`;
  const spec = { taints: [{ key: 'job-orchestrator.io/e2e', value: name, effect: 'NoSchedule' }] };
  await kubectl(
    ['create', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec }),
  );
  return {
    name,
    take: async (namespace, job) => {
      const pod = await podOf(namespace, job);
      const target = { apiVersion: 'v1', kind: 'Node', name };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod, namespace }, target };
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}/binding`;
      await kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(binding));
      const startedAt = `${new Date().toISOString().slice(0, 19)}Z`;
      await patchStatus(namespace, pod, runningStatus(startedAt));
      return pod;
    },
    report: (namespace, pod, phase) => patchStatus(namespace, pod, { phase }),
    die: () =>
      kubectl(['taint', 'node', name, 'job-orchestrator.io/dead=true:NoExecute']).then(() => undefined),
    writeOff: () =>
      kubectl(['taint', 'node', name, 'node.kubernetes.io/out-of-service=nodeshutdown:NoExecute']).then(
        () => undefined,
      ),
    remove: () => kubectl(['delete', 'node', name, '--ignore-not-found']).then(() => undefined),
  };
};
