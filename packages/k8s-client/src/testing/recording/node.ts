import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { waitUntil } from '@job-orchestrator/executor-core/testing';
import type { ApiClient } from '../../http/api-client.ts';
import { systemClock } from '../../system-clock.ts';

type Effect = 'NoSchedule' | 'NoExecute';

/** The cluster's node, to which may be done what happens to nodes: only while nobody else uses the cluster. */
export interface NodeUnderTest {
  readonly name: string;
  /** Ends its kubelet; the containers go on. */
  stopKubelet(): Promise<void>;
  /** Starts its kubelet anew with these flags, and waits until the node is ready and `condition`, if one is named, holds. */
  startKubelet(flags?: readonly string[], condition?: string): Promise<void>;
  /** Bytes, by the names that the kubelet's thresholds have. */
  free(): Promise<Readonly<Record<'memory.available' | 'nodefs.available', number>>>;
  taint(effect: Effect): Promise<void>;
  /** Another node that reports itself ready until `restore`: without any, Kubernetes suspects itself and evicts nobody. */
  addNeighbour(): Promise<void>;
  /** Makes it again what it was, as far as anything above was done. */
  restore(): Promise<void>;
}

interface NodeObject {
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

interface Summary {
  readonly node: {
    readonly memory: { readonly availableBytes: number };
    readonly fs: { readonly availableBytes: number };
  };
}

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../../../../e2e/cluster/kubelet', import.meta.url));
const patienceMs = 120_000;
const neighbour = 'jo-recording-neighbour';
const leases = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
/** A node that has not renewed its lease for 50 s counts as lost. */
const renewEveryMs = 5_000;

const must = async (api: ApiClient, method: 'POST' | 'PATCH', path: string, body: object): Promise<void> => {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const made = await api.json({ method, path, body, contentType });
  if (made.kind !== 'ok') throw new Error(`${method} ${path}: ${made.message}`);
};

/** Starts to report a node that is there in name only; the answer ends it. */
const startNeighbour = async (api: ApiClient): Promise<() => Promise<void>> => {
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Recording', message: '' }];
  const metadata = { name: neighbour };
  await must(api, 'POST', '/api/v1/nodes', {
    metadata,
    spec: { unschedulable: true },
    status: { conditions },
  });
  const renewTime = () => systemClock.now().toISOString().replace('Z', '000Z');
  const spec = { holderIdentity: neighbour, leaseDurationSeconds: 40 };
  await must(api, 'POST', leases, { metadata, spec: { ...spec, renewTime: renewTime() } });
  const timer = setInterval(() => {
    void api.json({
      method: 'PATCH',
      path: `${leases}/${neighbour}`,
      contentType: 'application/merge-patch+json',
      body: { spec: { renewTime: renewTime() } },
    });
  }, renewEveryMs);
  return async () => {
    clearInterval(timer);
    await api.json({ method: 'DELETE', path: `/api/v1/nodes/${neighbour}` });
    await api.json({ method: 'DELETE', path: `${leases}/${neighbour}` });
  };
};

/** Ready, under that condition (without one: under none), and free of taints that Kubernetes made of its troubles. */
const isAsWanted = ({ spec, status }: NodeObject, condition: string | null): boolean => {
  const holds = status.conditions.filter((each) => each.status === 'True').map(({ type }) => type);
  if (!holds.includes('Ready')) return false;
  if (condition !== null) return holds.includes(condition);
  return holds.length === 1 && !(spec.taints ?? []).some(({ key }) => key.startsWith('node.kubernetes.io/'));
};

export const nodeUnderTest = (api: ApiClient, name: string): NodeUnderTest => {
  const path = `/api/v1/nodes/${name}`;
  const undo: (() => Promise<void>)[] = [];
  const until = async (condition: string | null): Promise<void> => {
    const look = async (): Promise<true | null> => {
      const node = await api.json<NodeObject>({ method: 'GET', path });
      return (node.kind === 'ok' && isAsWanted(node.body, condition)) || null;
    };
    await waitUntil(`node ${name}: ${condition ?? 'ready, without trouble'}`, look, {
      timeoutMs: patienceMs,
    });
  };
  const restart = async (flags: readonly string[], condition: string | null): Promise<void> => {
    await run(script, ['start', ...flags]);
    await until(condition);
  };
  return {
    name,
    stopKubelet: async () => {
      undo.push(() => restart([], null));
      await run(script, ['stop']);
    },
    startKubelet: async (flags = [], condition) => {
      undo.push(() => restart([], null));
      await restart(flags, condition ?? null);
    },
    free: async () => {
      const summary = await api.json<Summary>({ method: 'GET', path: `${path}/proxy/stats/summary` });
      if (summary.kind !== 'ok') throw new Error(summary.message);
      const { memory, fs } = summary.body.node;
      return { 'memory.available': memory.availableBytes, 'nodefs.available': fs.availableBytes };
    },
    taint: async (effect) => {
      undo.push(() => must(api, 'PATCH', path, { spec: { taints: null } }));
      await must(api, 'PATCH', path, { spec: { taints: [{ key: 'example.com/recording', effect }] } });
    },
    addNeighbour: async () => {
      undo.push(await startNeighbour(api));
    },
    restore: async () => {
      for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
    },
  };
};
