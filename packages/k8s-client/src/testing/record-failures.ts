import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { messageOf } from '../system-clock.ts';
import { createTestNamespace } from './cluster.ts';
import { disruptions, preparePreemption, unseen } from './recording/disruptions.ts';
import { ends } from './recording/ends.ts';
import { play, type Scene } from './recording/play.ts';
import { policies } from './recording/policies.ts';
import { nodeTroubles } from './recording/node-troubles.ts';
import { nodeUnderTest } from './recording/node.ts';
import { pulls } from './recording/pulls.ts';
import { startRefusingRegistry } from './recording/registry.ts';
import type { Scenario } from './recording/scenario.ts';
import { waits } from './recording/waits.ts';
import { watchRaw } from './recording/watch-raw.ts';

/*
 * Records the fixtures of `fixtures/recorded` anew on the cluster that KUBECONFIG names:
 * node packages/k8s-client/dist/testing/record-failures.js [--alone] [NAME…]
 *
 * With `--alone` also those for which the node is harmed: its kubelet is stopped or started with other thresholds, or it is
 * tainted. That needs the cluster of e2e/cluster and nobody else on it, and takes about 5 minutes.
 */

const scenarios: readonly Scenario[] = [
  ...ends,
  ...pulls,
  ...waits,
  ...disruptions,
  ...nodeTroubles,
  ...policies,
  ...unseen,
];
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

const quotas: Readonly<Record<NonNullable<Scenario['quota']>, Readonly<Record<string, string>>>> = {
  pods: { pods: '0' },
  jobs: { 'count/jobs.batch': '0' },
  limits: { 'limits.cpu': '10' },
};

const setQuota = async (api: ApiClient, namespace: string, hard: object): Promise<void> => {
  const path = `/api/v1/namespaces/${namespace}/resourcequotas`;
  await api.json({ method: 'POST', path, body: { metadata: { name: 'quota' }, spec: { hard } } });
  for (let counted = false; !counted;) {
    const quota = await api.json<{ status?: { hard?: object } }>({ method: 'GET', path: `${path}/quota` });
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
  } finally {
    if (scenario.alone) await scene.node.restore();
  }
};

/** Scenarios that need the same of a namespace, some at once. */
interface Round {
  readonly quota?: Scenario['quota'];
  readonly alone?: boolean;
}

const playAll = async (mine: readonly Scenario[], scene: Scene, atOnce: number): Promise<boolean> => {
  const left = [...mine];
  const work = async (): Promise<boolean> => {
    let all = true;
    for (let next = left.shift(); next !== undefined; next = left.shift())
      all = (await write(next, scene)) && all;
    return all;
  };
  const done = await Promise.all(Array.from({ length: atOnce }, work));
  return done.every(Boolean);
};

const record = async (
  wanted: readonly Scenario[],
  registry: string,
  { quota, alone = false }: Round,
): Promise<boolean> => {
  const mine = wanted.filter((each) => each.quota === quota && (each.alone ?? false) === alone);
  if (mine.length === 0) return true;
  const { api, name, minimal, close } = await createTestNamespace();
  const node = await firstNode(api);
  const { kubeletVersion, containerRuntimeVersion } = node.status.nodeInfo;
  if (quota !== undefined) await setQuota(api, name, quotas[quota]);
  const rightless = createApiClient({ credentials: await minimal('none') });
  const watch = await watchRaw(api, name);
  const restore = await preparePreemption(api, node.metadata.name);
  const scene: Scene = {
    api,
    namespace: name,
    registry,
    realRegistry,
    registryWithLogin,
    node: nodeUnderTest(api, node.metadata.name),
    watch,
    rightless,
    source: `recorded on Kubernetes ${kubeletVersion}, ${containerRuntimeVersion.replace('://', ' ')}`,
    hidden: {
      [hostname()]: 'node-1',
      [node.metadata.name]: 'node-1',
      [registry]: 'registry.example',
      [realRegistry]: 'registry.example',
      [registryWithLogin]: 'private.example',
    },
  };
  try {
    return await playAll(mine, scene, alone ? 1 : company);
  } finally {
    await restore();
    await watch.close();
    await rightless.close();
    await close();
  }
};

const words = process.argv.slice(2);
const names = words.filter((word) => word !== '--alone');
const wanted = names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
const harms = words.includes('--alone');
for (const { name } of harms ? [] : wanted.filter(({ alone }) => alone))
  process.stdout.write(`left out ${name}: it harms the node, and is recorded with --alone only\n`);
const rounds: readonly Round[] = [
  {},
  { quota: 'pods' },
  { quota: 'jobs' },
  { quota: 'limits' },
  ...(harms ? [{ alone: true }] : []),
];
const registry = await startRefusingRegistry();
const results = [];
for (const round of rounds) results.push(await record(wanted, registry.address, round));
registry.close();
process.exitCode = results.every(Boolean) ? 0 : 1;
