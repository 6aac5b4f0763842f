import type { Job } from 'kubernetes-types/batch/v1.js';
import { endsWith, shapePod, shell, type Scenario, type Stage } from './scenario.ts';

type PodSpec = NonNullable<NonNullable<Job['spec']>['template']['spec']>;
type Toleration = NonNullable<PodSpec['tolerations']>[number];

const mebi = 1024 * 1024;
/** So far from its threshold is the node when the program starts, which takes twice as much. */
const margin = 512 * mebi;
const takeMemory = 'x=aaaaaaaaaaaaaaaa; for i in $(seq 26); do x=$x$x; done';
const takeDisk = 'dd if=/dev/zero of=/tmp/large bs=1M count=1024';
const withGrace = (signal: string): readonly string[] => [
  `--eviction-soft-grace-period=${signal}=1s`,
  '--eviction-max-pod-grace-period=10',
];

/** A program that takes what the node has little of, and ends only when it is told to, with `code`. */
const greedy = (take: string, code: number): Scenario['spec'] =>
  shell(`trap 'exit ${code}' TERM; echo begun; ${take}; while :; do sleep 1 & wait $!; done`);

/** A node that was low when its kubelet started would not let its pods go on; so it gets low by and by. */
const almostLow =
  (signal: 'memory.available' | 'nodefs.available', kind: 'hard' | 'soft'): NonNullable<Scenario['before']> =>
  async ({ node }) => {
    const threshold = (await node.free())[signal] - margin;
    const grace = kind === 'soft' ? withGrace(signal) : [];
    await node.startKubelet([`--eviction-${kind}=${signal}<${threshold}`, ...grace, soonOver]);
  };

/** More than any disk has free. */
const lowDisk = '--eviction-hard=nodefs.available<99.9%';
/** Else the node stays under pressure for 5 minutes after it is over. */
const soonOver = '--eviction-pressure-transition-period=1s';

const afterItBegan =
  (then: (stage: Stage) => Promise<void>): NonNullable<Scenario['meddle']> =>
  async (stage) => {
    await stage.begun();
    await then(stage);
  };

const tolerating = (toleration: Toleration): NonNullable<Scenario['shape']> =>
  shapePod(() => ({ tolerations: [toleration] }));

const absentImage = ({ realRegistry }: Stage, tag: string) => ({
  image: `${realRegistry}/jobs/hello:${tag}`,
  imagePullPolicy: 'Always' as const,
});

/** A container that the kubelet pulls for first, so that the program's pull comes too soon after it. */
const afterAnotherPull: NonNullable<Scenario['shape']> = (job, stage) => {
  if (stage === undefined) throw new Error('a stage names the registry');
  return shapePod(({ containers: [main] }) => ({
    containers: [
      { ...main!, ...absentImage(stage, 'other'), name: 'first' },
      { ...main!, ...absentImage(stage, 'absent') },
    ],
  }))(job);
};

/** What the node does to programs when it fares badly. Each plays alone, on a node that is put right after it. */
const troubles: readonly Omit<Scenario, 'alone'>[] = [
  {
    name: 'unschedulable-taint',
    signal: '`Unschedulable`: taints',
    spec: shell('echo done'),
    before: ({ node }) => node.taint('NoSchedule'),
    expected: {
      observation: 'waiting',
      waiting: 'unschedulable',
      decision: 'wait',
      says: /taint/,
    },
  },
  {
    name: 'tainted',
    signal: 'removed by a taint of its node (`DeletionByTaintManager`)',
    spec: endsWith(143),
    meddle: afterItBegan(({ node }) => node.taint('NoExecute')),
    expected: { observation: 'ended', reason: 'disrupted', decision: 'retry', says: /taint/i },
  },
  {
    name: 'evicted-memory',
    signal: '`Evicted`: the node was low on memory',
    spec: greedy(takeMemory, 143),
    before: almostLow('memory.available', 'hard'),
    expected: { observation: 'ended', reason: 'evicted', decision: 'retry', says: /low on resource: memory/ },
  },
  {
    name: 'evicted-disk',
    signal: '`Evicted`: the node was low on ephemeral storage',
    spec: greedy(takeDisk, 143),
    before: almostLow('nodefs.available', 'hard'),
    expected: {
      observation: 'ended',
      reason: 'evicted',
      decision: 'retry',
      says: /low on resource: ephemeral-storage/,
    },
  },
  {
    name: 'evicted-exit-0',
    signal: 'exit code 0 while the node evicted it',
    spec: greedy(takeMemory, 0),
    before: almostLow('memory.available', 'soft'),
    expected: { observation: 'ended', exitCode: 0, reason: 'suspect_success', decision: 'retry' },
  },
  {
    name: 'evicted-at-restart',
    signal: '`Evicted`: the node had a condition when its kubelet started anew, and its pods did not go on',
    spec: endsWith(143),
    meddle: afterItBegan(({ node }) => node.startKubelet([lowDisk, soonOver], 'DiskPressure')),
    expected: { observation: 'ended', reason: 'evicted', decision: 'retry', says: /had condition/ },
  },
  {
    name: 'exit-0-at-restart',
    signal: 'exit code 0 while the kubelet, started anew, did not let it go on',
    spec: endsWith(0),
    meddle: afterItBegan(({ node }) => node.startKubelet([lowDisk, soonOver], 'DiskPressure')),
    expected: { observation: 'ended', exitCode: 0, reason: 'suspect_success', decision: 'retry' },
  },
  {
    name: 'node-had-condition',
    signal: 'not admitted by the kubelet: the node had a condition',
    spec: shell('echo done'),
    before: ({ node }) => node.startKubelet([lowDisk, soonOver], 'DiskPressure'),
    // Tolerated, so that the scheduler takes the node; the kubelet refuses all the same.
    shape: tolerating({ key: 'node.kubernetes.io/disk-pressure', operator: 'Exists' }),
    expected: { observation: 'ended', reason: 'evicted', decision: 'retry', says: /DiskPressure/ },
  },
  {
    name: 'image-pull-rate',
    signal: '`ErrImagePull`: the kubelet’s own limit of pulls (`pull QPS exceeded`)',
    spec: shell('echo done'),
    before: ({ node }) => node.startKubelet(['--registry-qps=1', '--registry-burst=1']),
    shape: afterAnotherPull,
    expected: {
      observation: 'refused',
      reason: 'registry_unavailable',
      decision: 'wait',
      says: /pull QPS exceeded/,
    },
  },
  {
    name: 'node-lost',
    signal: 'the node vanished: asked to go, never gone',
    spec: endsWith(143),
    shape: tolerating({
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 1,
    }),
    meddle: afterItBegan(async ({ node }) => {
      await node.addNeighbour();
      await node.stopKubelet();
    }),
    agedSeconds: 3_600,
    expected: { observation: 'node_lost', waiting: 'node_lost', decision: 'wait' },
  },
];

export const nodeTroubles: readonly Scenario[] = troubles.map((trouble) => ({ ...trouble, alone: true }));
