import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs kubectl as the administrator of the cluster, with an optional document on stdin; returns its output. */
export const kubectl = async (args: readonly string[], input?: string): Promise<string> => {
  const running = exec('kubectl', [...args], { maxBuffer: 64 * 2 ** 20, timeout: 60_000 });
  running.child.stdin?.end(input ?? '');
  return (await running).stdout;
};

interface ObjectList {
  readonly items: readonly KubernetesObject[];
}

/** The parts of Kubernetes Jobs and Pods that the tests look at. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly status?: {
    readonly phase?: string;
    readonly active?: number;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

const listObjects = async (args: readonly string[]): Promise<readonly KubernetesObject[]> =>
  (JSON.parse(await kubectl(['get', ...args, '-o', 'json'])) as ObjectList).items;

/** Every pod of a namespace, whoever made it. */
export const listPods = (namespace: string): Promise<readonly KubernetesObject[]> =>
  listObjects(['pods', '-n', namespace]);

/** The Jobs that run attempts; the suspended one that names the namespace is none of them. */
export const listAttemptJobs = (namespace: string): Promise<readonly KubernetesObject[]> =>
  listObjects(['jobs', '-n', namespace, '-l', 'job-orchestrator.io/attempt']);

/** Every pod that ever existed in a namespace since the watch began: uid → what it ran for and how often it restarted. */
export interface PodLedger {
  readonly pods: ReadonlyMap<string, { readonly job: string; readonly restarts: number }>;
  stop(): void;
}

const columns =
  'UID:.metadata.uid,JOB:.metadata.labels.job-name,RESTARTS:.status.containerStatuses[*].restartCount';

/** Watches a namespace's pods, so that pods which came and went are counted too. */
export const watchPods = (namespace: string): PodLedger => {
  const pods = new Map<string, { job: string; restarts: number }>();
  const watch = spawn('kubectl', [
    'get',
    'pods',
    '-n',
    namespace,
    '-w',
    '--no-headers',
    '-o',
    `custom-columns=${columns}`,
  ]);
  let rest = '';
  watch.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [uid, job, restarts] = line.trim().split(/\s+/);
      if (uid !== undefined)
        pods.set(uid, { job: job ?? '', restarts: Number.parseInt(restarts ?? '0', 10) || 0 });
    }
  });
  return { pods, stop: () => void watch.kill() };
};
