import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { kubectl, type KubernetesObject } from './kubectl.ts';

const script = resolve(import.meta.dirname, '../cluster/fleet');
const exec = promisify(execFile);

/** A request that the API server got from the executor, without names: `list pods`, `create jobs`. */
export type Asked = string;

/** A control plane with pretend nodes, for one test. */
export interface Fleet {
  /** The kubeconfig of the executor: whatever it asks is counted by the server. */
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Everything the executor asked of the API server so far, in order. */
  asked(): Promise<readonly Asked[]>;
  pods(): Promise<readonly KubernetesObject[]>;
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
}

interface AuditLine {
  readonly auditID: string;
  readonly verb: string;
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
}

const askedOf = ({ verb, objectRef }: AuditLine): Asked =>
  [verb, objectRef?.resource ?? 'server', objectRef?.subresource].filter(Boolean).join(' ');

const readAudit = async (folder: string): Promise<readonly Asked[]> => {
  const text = await readFile(join(folder, 'log/audit.log'), 'utf8');
  const lines = text.split('\n').filter((line) => line.endsWith('}'));
  const requests = lines.map((line) => JSON.parse(line) as AuditLine);
  return [...new Map(requests.map((each) => [each.auditID, each])).values()].map(askedOf);
};

/** Starts a control plane with so many pretend nodes; it ends with the test. */
export const startFleet = async (nodes: number): Promise<Fleet> => {
  const folder = await mkdtemp(join(tmpdir(), 'jo-fleet-'));
  const fleet = (...args: readonly string[]) => exec(script, [args[0] ?? '', folder, ...args.slice(1)]);
  onTestFinished(async () => void (await fleet('down')));
  const admin = (await fleet('up', String(nodes))).stdout.trim();
  const namespace = 'pretend';
  const ask = (...args: readonly string[]) => kubectl(['--kubeconfig', admin, ...args]);
  await ask('create', 'namespace', namespace);
  return {
    kubeconfig: join(folder, 'executor.kubeconfig'),
    namespace,
    asked: () => readAudit(folder),
    pods: async () => {
      const answer = JSON.parse(await ask('get', 'pods', '-n', namespace, '-o', 'json')) as {
        items: readonly KubernetesObject[];
      };
      return answer.items;
    },
    stopApi: async () => void (await fleet('stop-api')),
    startApi: async () => void (await fleet('start-api')),
  };
};
