import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createApiClient } from '../../packages/k8s-client/dist/http/api-client.js';
import { loadCredentials } from '../../packages/k8s-client/dist/index.js';

const script = fileURLToPath(new URL('../../e2e/cluster/up', import.meta.url));

/** The cluster of KUBECONFIG, else that of e2e/cluster, which is started where it does not run. */
export const kubeletCluster = () =>
  process.env.KUBECONFIG || execFileSync(script, { encoding: 'utf8' }).trim().split('\n').at(-1);

export const kubectl = (kubeconfig, ...args) =>
  execFileSync('kubectl', ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8' });

/** A namespace for this run, in which pods can be made. */
export const createNamespace = async (kubeconfig) => {
  const name = `bench-${randomBytes(4).toString('hex')}`;
  kubectl(kubeconfig, 'create', 'namespace', name);
  const account = ['get', 'serviceaccount', 'default', '-n', name, '--ignore-not-found', '-o', 'name'];
  while (kubectl(kubeconfig, ...account) === '') await pause(100);
  const args = ['--kubeconfig', kubeconfig, 'delete', 'namespace', name, '--wait=false'];
  const remove = () => {
    process.off('exit', remove);
    // Its cluster may be gone already, and the namespace with it.
    spawnSync('kubectl', args, { stdio: 'ignore' });
  };
  // Also where a part of the benchmark fails.
  process.on('exit', remove);
  return { name, remove };
};

/** A plain client of the API server without a rate limit of ours: the bare loop is not to be slowed down. */
export const connect = async (kubeconfig) => {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const credentials = await loadCredentials({ inCluster: false, env });
  const client = createApiClient({ credentials, rate: { perSecond: 10_000, burst: 10_000 } });
  const ask = async (request) => {
    const answer = await client.json(request);
    if (answer.kind !== 'ok') throw new Error(`${request.method} ${request.path}: ${answer.message}`);
    return answer.body;
  };
  const version = (await ask({ method: 'GET', path: '/version' })).gitVersion;
  return { kubeconfig, credentials, client, ask, version };
};

/** Resolves when a namespace has neither Jobs nor pods any more, apart from the suspended Job by which a cluster is known. */
export const untilEmpty = async ({ ask }, namespace) => {
  const isEmpty = async (path) =>
    (await ask({ method: 'GET', path: `${path}?limit=2` })).items.every(({ spec }) => spec.suspend);
  const paths = [`/apis/batch/v1/namespaces/${namespace}/jobs`, `/api/v1/namespaces/${namespace}/pods`];
  for (const path of paths) while (!(await isEmpty(path))) await pause(500);
};

/** Calls `onObject` with each object of a watch from now on; returns how to end it. */
export const watch = async (client, path, onObject) => {
  const answer = await client.stream({ path: `${path}${path.includes('?') ? '&' : '?'}watch=true` });
  if (answer.kind !== 'ok') throw new Error(`${path}: ${answer.message}`);
  let rest = '';
  answer.body.setEncoding('utf8');
  answer.body.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) onObject(JSON.parse(line).object);
  });
  answer.body.on('error', () => undefined);
  return () => answer.body.destroy();
};
