import { shapeMain, shapePod, shell, type Scenario, type Stage } from './scenario.ts';

const helper = (name: string, script: string, more: object = {}) => ({
  name,
  image: 'localhost/busybox:1',
  command: ['sh', '-c', script],
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  ...more,
});

/** A child that takes more memory than 16 MiB; with cgroup v1, which kills a process and not all of the container. */
const greedyChild = "sh -c 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'";

/** One byte more than Linux takes for one variable, with its name. */
const addLargeSecret = async ({ api, namespace }: Stage): Promise<void> => {
  const body = { metadata: { name: 'large' }, stringData: { value: 'x'.repeat(131_072 - 'LARGE='.length) } };
  const made = await api.json({ method: 'POST', path: `/api/v1/namespaces/${namespace}/secrets`, body });
  if (made.kind !== 'ok') throw new Error(made.message);
};

/** How programs end by themselves, or by a limit of their own. */
export const ends: readonly Scenario[] = [
  {
    name: 'exit-0',
    signal: 'exit code 0',
    spec: shell('echo done'),
    expected: { observation: 'ended', decision: 'succeed' },
  },
  {
    name: 'exit-code',
    signal: 'another exit code than 0',
    spec: shell('echo last words; exit 3'),
    expected: { observation: 'ended', reason: 'exit_code', decision: 'retry', says: /exit code 3/ },
  },
  {
    name: 'crash',
    signal: 'a crash of the program (SIGSEGV: 139)',
    spec: shell("sh -c 'kill -SEGV $$'; exit $?"),
    expected: { observation: 'ended', reason: 'signal', decision: 'retry', says: /SIGSEGV/ },
  },
  {
    name: 'terminated-unasked',
    signal: '143 though nobody asked it to end',
    spec: shell("sh -c 'kill -TERM $$'; exit $?"),
    expected: { observation: 'ended', reason: 'signal', decision: 'retry', says: /SIGTERM/ },
  },
  {
    name: 'killed-137',
    signal: '137 without `OOMKilled` and without any condition',
    spec: shell("sh -c 'kill -9 $$'; exit $?"),
    expected: { observation: 'ended', reason: 'killed_without_cause', decision: 'retry' },
  },
  {
    name: 'oom-killed',
    signal: '`OOMKilled` and 137',
    spec: {
      ...shell('x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done'),
      resources: { limits: { memory: '16Mi' } },
    },
    expected: { observation: 'ended', reason: 'oom_killed', decision: 'retry', says: /16Mi/ },
  },
  {
    name: 'oom-child-exit-0',
    signal: '`OOMKilled` of a child, and the program ended with 0',
    spec: { ...shell(`${greedyChild}; exit 0`), resources: { limits: { memory: '16Mi' } } },
    expected: { observation: 'ended', decision: 'succeed' },
  },
  {
    name: 'oom-child-exit-1',
    signal: '`OOMKilled` of a child, and the program failed with 1',
    spec: { ...shell(`${greedyChild}; exit 1`), resources: { limits: { memory: '16Mi' } } },
    expected: { observation: 'ended', reason: 'oom_killed', decision: 'retry', says: /16Mi/ },
  },
  {
    name: 'oom-then-143',
    signal: '`OOMKilled` of a child earlier, then 143',
    spec: {
      ...shell(`${greedyChild}; sh -c 'kill -TERM $$'; exit $?`),
      resources: { limits: { memory: '16Mi' } },
    },
    expected: { observation: 'ended', reason: 'signal', decision: 'retry', says: /SIGTERM/ },
  },
  {
    name: 'environment-too-large',
    signal: 'Linux refuses the environment: a variable from a Secret has over 128 KiB',
    spec: shell('echo done'),
    before: addLargeSecret,
    shape: shapeMain({
      env: [{ name: 'LARGE', valueFrom: { secretKeyRef: { name: 'large', key: 'value' } } }],
    }),
    expected: {
      observation: 'ended',
      reason: 'launch_refused',
      decision: 'fail',
      says: /128 KiB/,
    },
  },
  {
    name: 'bad-command',
    signal: '`StartError`: the command does not exist in the image',
    spec: { command: ['/no/such/program'], args: null },
    expected: { observation: 'ended', reason: 'command_not_found', decision: 'fail', says: /no such file/ },
  },
  {
    name: 'not-executable',
    signal: '`StartError`: the command is not executable',
    spec: { command: ['/etc/passwd'], args: null },
    expected: {
      observation: 'ended',
      reason: 'command_not_found',
      decision: 'fail',
      says: /permission denied/,
    },
  },
  {
    name: 'pod-deadline',
    signal: 'the pod’s deadline (`DeadlineExceeded`)',
    spec: shell('while :; do sleep 1; done'),
    shape: shapePod(() => ({ activeDeadlineSeconds: 3 })),
    expected: { observation: 'ended', reason: 'run_deadline', decision: 'retry' },
  },
  {
    name: 'job-deadline',
    signal: 'the Job’s deadline: its pod is deleted',
    spec: shell('while :; do sleep 1; done'),
    shape: (job) => ({ ...job, spec: { ...job.spec!, activeDeadlineSeconds: 3 } }),
    expected: { observation: 'ended', reason: 'run_deadline', decision: 'retry' },
  },
  {
    name: 'own-volume-limit',
    signal: '`Evicted` for a limit of its own: a volume',
    spec: shell('dd if=/dev/zero of=/output/large bs=1M count=40; while :; do sleep 1; done'),
    expected: {
      observation: 'ended',
      reason: 'own_limit_exceeded',
      decision: 'retry',
      says: /exceeds the limit/,
    },
  },
  {
    name: 'own-storage-limit',
    signal: '`Evicted` for a limit of its own: `ephemeral-storage`',
    spec: {
      ...shell('dd if=/dev/zero of=/tmp/large bs=1M count=40; while :; do sleep 1; done'),
      resources: { limits: { 'ephemeral-storage': '8Mi' } },
    },
    expected: { observation: 'ended', reason: 'own_limit_exceeded', decision: 'retry' },
  },
  {
    name: 'own-limit-exit-0',
    signal: 'exit code 0 while it was evicted for its own limit',
    spec: shell(
      "trap 'exit 0' TERM; dd if=/dev/zero of=/output/large bs=1M count=40; while :; do sleep 1 & wait $!; done",
    ),
    expected: { observation: 'ended', exitCode: 0, reason: 'own_limit_exceeded', decision: 'retry' },
  },
  {
    name: 'init-failed',
    signal: 'an init container that somebody else added failed',
    spec: shell('echo done'),
    shape: shapePod(() => ({ initContainers: [helper('mesh', 'echo no route; exit 4')] })),
    expected: { observation: 'ended', reason: 'init_failed', decision: 'retry', says: /mesh.*exit code 4/ },
  },
  {
    name: 'sidecar-143',
    signal: 'a native sidecar ended with 143, the program with 0',
    spec: shell('echo done'),
    shape: shapePod(() => ({
      initContainers: [
        helper('proxy', "trap 'exit 143' TERM; while :; do sleep 1 & wait $!; done", {
          restartPolicy: 'Always',
        }),
      ],
    })),
    expected: { observation: 'ended', decision: 'succeed' },
  },
  {
    name: 'legacy-sidecar',
    signal: 'the program ended, a container beside it runs on: the pod stays `Running`',
    spec: shell('exit 3'),
    shape: shapePod((pod) => ({
      containers: [...pod.containers, helper('old', 'while :; do sleep 1; done')],
    })),
    expected: { observation: 'ended', reason: 'exit_code', decision: 'retry' },
  },
  {
    name: 'not-admitted-affinity',
    signal: 'not admitted by the kubelet: `NodeAffinity`',
    spec: shell('echo done'),
    shape: shapePod(() => ({ nodeName: 'node-1', nodeSelector: { 'no.such/label': 'x' } })),
    expected: { observation: 'ended', reason: 'node_refused', decision: 'retry' },
  },
  {
    name: 'not-admitted-cpu',
    signal: 'not admitted by the kubelet: `OutOfcpu`',
    spec: { ...shell('echo done'), resources: { requests: { cpu: '1000' } } },
    shape: shapePod(() => ({ nodeName: 'node-1' })),
    expected: { observation: 'ended', reason: 'node_refused', decision: 'retry' },
  },
  {
    name: 'root-image',
    signal: '`CreateContainerConfigError`: the image would run as root',
    spec: shell('echo done'),
    shape: (job) =>
      shapeMain({
        securityContext: {
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        },
      })(
        shapePod(() => ({
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        }))(job),
      ),
    expected: { observation: 'refused', reason: 'container_config', decision: 'wait', says: /run as root/ },
  },
];
