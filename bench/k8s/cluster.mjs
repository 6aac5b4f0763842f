import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createApiClient } from '../../packages/k8s-client/dist/http/api-client.js';
import { loadCredentials } from '../../packages/k8s-client/dist/index.js';

const kubectl = (...args) => execFileSync('kubectl', args, { encoding: 'utf8' });

/** A namespace for this run, on the cluster of KUBECONFIG. */
export const createNamespace = () => {
  const name = `bench-${randomBytes(4).toString('hex')}`;
  kubectl('create', 'namespace', name);
  return { name, remove: () => kubectl('delete', 'namespace', name, '--wait=false') };
};

/** A plain client of the API server without a rate limit of ours: the bare loop is not to be slowed down. */
export const connect = async () => {
  const credentials = await loadCredentials({ inCluster: false, env: process.env });
  const client = createApiClient({ credentials, rate: { perSecond: 10_000, burst: 10_000 } });
  const ask = async (request) => {
    const answer = await client.json(request);
    if (answer.kind !== 'ok') throw new Error(`${request.method} ${request.path}: ${answer.message}`);
    return answer.body;
  };
  return { credentials, client, ask, version: (await ask({ method: 'GET', path: '/version' })).gitVersion };
};

/** Calls `onObject` with each object of a watch from now on; returns how to end it. */
export const watch = async (client, path, onObject) => {
  const answer = await client.stream({ path: `${path}&watch=true` });
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
