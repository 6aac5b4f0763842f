import type { ApiClient } from '../../http/api-client.ts';
import { endsWith, shapePod, shell, type Scenario, type Stage } from './scenario.ts';

const deletePod = async ({ api, namespace, podName }: Stage): Promise<void> => {
  await api.json({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}/pods/${podName()}` });
};

const evict = async ({ api, namespace, podName }: Stage): Promise<void> => {
  const name = podName();
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
  await api.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, body });
};

const afterItBegan =
  (then: (stage: Stage) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    await stage.begun();
    await then(stage);
  };

/** A resource that only these scenarios ask for, so that a preemption can hit nobody else's pod. */
export const widget = 'job-orchestrator.io/widget';
export const priorities = { low: 'jo-recording-low', high: 'jo-recording-high' };
const asking = { resources: { requests: { [widget]: '1' }, limits: { [widget]: '1' } } };
const ofPriority = (name: string): NonNullable<Scenario['shape']> =>
  shapePod(() => ({ priorityClassName: name }));

const preempt = async ({ api, namespace }: Stage): Promise<void> => {
  const container = {
    name: 'main',
    image: 'localhost/busybox:1',
    command: ['true'],
    ...asking,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const spec = {
    restartPolicy: 'Never',
    priorityClassName: priorities.high,
    containers: [container],
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
  };
  const body = { metadata: { name: 'preemptor' }, spec };
  const made = await api.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body });
  if (made.kind !== 'ok') throw new Error(made.message);
};

/** The node gets one widget, and the cluster two priorities; returns how to take them away again. */
export const preparePreemption = async (api: ApiClient, node: string): Promise<() => Promise<void>> => {
  const key = widget.replace('/', '~1');
  const status = `/api/v1/nodes/${node}/status`;
  const patch = (value: string | null) =>
    api.json({
      method: 'PATCH',
      path: status,
      contentType: 'application/merge-patch+json',
      body: { status: { capacity: { [widget]: value } } },
    });
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
  const made = await patch('1');
  if (made.kind !== 'ok') throw new Error(`${key}: ${made.message}`);
  for (const [name, value] of [
    [priorities.low, -10],
    [priorities.high, 10],
  ] as const)
    await api.json({ method: 'POST', path: classes, body: { metadata: { name }, value } });
  return async () => {
    for (const name of Object.values(priorities))
      await api.json({ method: 'DELETE', path: `${classes}/${name}` });
    await patch(null);
  };
};

/** What others do to running programs. */
export const disruptions: readonly Scenario[] = [
  {
    name: 'evicted-api',
    signal: 'evicted through the eviction API (`DisruptionTarget`)',
    spec: endsWith(143),
    meddle: afterItBegan(evict),
    expected: { observation: 'ended', reason: 'disrupted', decision: 'retry', says: /evict/i },
  },
  {
    name: 'evicted-api-exit-0',
    signal: 'exit code 0 while it was evicted',
    spec: endsWith(0),
    meddle: afterItBegan(evict),
    expected: { observation: 'ended', reason: 'suspect_success', decision: 'retry' },
  },
  {
    name: 'preempted',
    signal: 'preempted by a higher priority (`DisruptionTarget`)',
    spec: { ...endsWith(143), ...asking },
    shape: ofPriority(priorities.low),
    meddle: afterItBegan(preempt),
    expected: { observation: 'ended', reason: 'disrupted', decision: 'retry', says: /preempt/i },
  },
  {
    name: 'pod-deleted',
    signal: 'its pod was deleted by somebody, without `DisruptionTarget`',
    spec: endsWith(143),
    meddle: afterItBegan(deletePod),
    expected: { observation: 'ended', reason: 'object_deleted', decision: 'retry' },
  },
  {
    name: 'pod-deleted-exit-0',
    signal: 'exit code 0 while its pod was deleted by somebody',
    spec: endsWith(0),
    meddle: afterItBegan(deletePod),
    expected: { observation: 'ended', reason: 'suspect_success', decision: 'retry' },
  },
  {
    name: 'pod-deleted-cancelled',
    signal: 'our own intent: cancelled, whatever the program answered',
    spec: endsWith(0),
    intent: { cancelled: true },
    meddle: afterItBegan(deletePod),
    expected: { observation: 'ended', reason: 'suspect_success', decision: 'cancel' },
  },
  {
    name: 'output-after-deadline',
    signal: 'our own intent: the run deadline, answered with 0',
    // It begins to be deleted after the 5 s that the fixtures' test allows.
    spec: shell("trap 'exit 0' TERM; sleep 6; echo begun; while :; do sleep 1 & wait $!; done"),
    intent: { stopIntent: 'run_deadline' },
    meddle: afterItBegan(deletePod),
    expected: {
      observation: 'ended',
      reason: 'suspect_success',
      decided: 'run_deadline',
      decision: 'retry',
    },
  },
  {
    name: 'job-deleted',
    signal: 'its Job was deleted by somebody: nothing is left',
    spec: endsWith(143),
    meddle: async (stage) => {
      await stage.until('running');
      const { metadata } = stage.seen().job as { metadata: { name: string } };
      const path = `/apis/batch/v1/namespaces/${stage.namespace}/jobs/${metadata.name}`;
      await stage.api.json({ method: 'DELETE', path: `${path}?propagationPolicy=Background` });
    },
    expected: { observation: 'absent', reason: 'object_deleted', decision: 'retry' },
  },
];

/** What the Job alone tells, when nobody saw its pod. */
export const unseen: readonly Scenario[] = [
  {
    name: 'complete-unseen',
    signal: 'the Job is complete, but its pod is gone and nobody saw its end',
    spec: shell('echo done'),
    unseen: true,
    meddle: async (stage) => {
      await stage.until('ended');
      await deletePod(stage);
    },
    expected: { observation: 'ended', reason: 'suspect_success', decision: 'retry' },
  },
  {
    name: 'pod-gone-unseen',
    signal: 'the Job has failed (`BackoffLimitExceeded`) and no pod is left',
    spec: endsWith(143),
    unseen: true,
    meddle: afterItBegan(deletePod),
    expected: { observation: 'ended', reason: 'object_deleted', decision: 'retry' },
  },
];
