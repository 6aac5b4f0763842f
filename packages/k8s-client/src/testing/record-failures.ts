import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { ApiClient } from '../http/api-client.ts';
import { messageOf } from '../system-clock.ts';
import { createTestNamespace } from './cluster.ts';
import { disruptions, preparePreemption } from './recording/disruptions.ts';
import { ends } from './recording/ends.ts';
import { play, type Scene } from './recording/play.ts';
import { startRefusingRegistry } from './recording/registry.ts';
import type { Scenario } from './recording/scenario.ts';
import { waits } from './recording/waits.ts';
import { watchRaw } from './recording/watch-raw.ts';

/*
 * Records the fixtures of `fixtures/recorded` anew on the cluster that KUBECONFIG names:
 * node packages/k8s-client/dist/testing/record-failures.js [NAME…]
 */

const scenarios: readonly Scenario[] = [...ends, ...waits, ...disruptions];
const folder = new URL('../../fixtures/recorded/', import.meta.url);
/** The registries of e2e/cluster. */
const realRegistry = process.env['E2E_REGISTRY'] ?? '10.88.0.1:5050';
const registryWithLogin = process.env['E2E_REGISTRY_WITH_LOGIN'] ?? '10.88.0.1:5051';
/** Pods at once: the cluster is shared. */
const company = 3;

interface Node {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly nodeInfo: { readonly kubeletVersion: string; readonly containerRuntimeVersion: string };
  };
}

const firstNode = async (api: ApiClient): Promise<Node> => {
  const nodes = await api.json<{ items: Node[] }>({ method: 'GET', path: '/api/v1/nodes' });
  if (nodes.kind !== 'ok' || nodes.body.items[0] === undefined) throw new Error('the cluster has no node');
  return nodes.body.items[0];
};

const limitTo0 = async (api: ApiClient, namespace: string, what: string): Promise<void> => {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await api.json({
    method: 'POST',
    path,
    body: { metadata: { name: 'none' }, spec: { hard: { [what]: '0' } } },
  });
  for (let counted = false; !counted;) {
    const quota = await api.json<{ status?: { hard?: object } }>({ method: 'GET', path: `${path}/none` });
    counted = quota.kind === 'ok' && quota.body.status?.hard !== undefined;
  }
};

const write = async (scenario: Scenario, scene: Scene): Promise<boolean> => {
  try {
    const fixture = await play(scene, scenario, scenarios.indexOf(scenario));
    await writeFile(new URL(`${scenario.name}.json`, folder), `${JSON.stringify(fixture, null, 2)}\n`);
    process.stdout.write(`recorded ${scenario.name}\n`);
    return true;
  } catch (error) {
    process.stderr.write(`FAILED ${messageOf(error)}\n`);
    return false;
  }
};

const record = async (
  wanted: readonly Scenario[],
  registry: string,
  quota?: Scenario['quota'],
): Promise<boolean> => {
  const mine = wanted.filter((scenario) => scenario.quota === quota);
  if (mine.length === 0) return true;
  const { api, name, close } = await createTestNamespace();
  const node = await firstNode(api);
  const { kubeletVersion, containerRuntimeVersion } = node.status.nodeInfo;
  if (quota !== undefined) await limitTo0(api, name, quota === 'pods' ? 'pods' : 'count/jobs.batch');
  const watch = await watchRaw(api, name);
  const restore = await preparePreemption(api, node.metadata.name);
  const scene: Scene = {
    api,
    namespace: name,
    registry,
    realRegistry,
    registryWithLogin,
    watch,
    source: `recorded on Kubernetes ${kubeletVersion}, ${containerRuntimeVersion.replace('://', ' ')}`,
    hidden: {
      [hostname()]: 'node-1',
      [node.metadata.name]: 'node-1',
      [registry]: 'registry.example',
      [realRegistry]: 'registry.example',
      [registryWithLogin]: 'private.example',
    },
  };
  const left = [...mine];
  const work = async (): Promise<boolean> => {
    let all = true;
    for (let next = left.shift(); next !== undefined; next = left.shift())
      all = (await write(next, scene)) && all;
    return all;
  };
  try {
    const done = await Promise.all(Array.from({ length: company }, work));
    return done.every(Boolean);
  } finally {
    await restore();
    await watch.close();
    await close();
  }
};

const names = process.argv.slice(2);
const wanted = names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
const registry = await startRefusingRegistry();
const results = [];
for (const quota of [undefined, 'pods', 'jobs'] as const)
  results.push(await record(wanted, registry.address, quota));
registry.close();
process.exitCode = results.every(Boolean) ? 0 : 1;
