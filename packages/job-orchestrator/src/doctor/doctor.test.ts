import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSurroundings } from '../config/surroundings.ts';
import type { Environment } from '../config/environment.ts';
import { parseConfig } from '../config/parse-config.ts';
import { processScreen } from '../output/screen.ts';
import { checkConfiguration, checkDataFolder } from './check-machine.ts';
import { checkKubernetes, checkServer, setAsideFindings } from './check-services.ts';

let folder = '';
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jo-doctor-'));
});
afterEach(async () => {
  server?.close();
  server?.closeAllConnections();
  server = null;
  await rm(folder, { recursive: true, force: true });
});

const configOf = (environment: Environment) =>
  parseConfig(
    environment,
    readSurroundings({ defaultRuntime: 'kubernetes', defaultLog: { level: 'info', format: 'json' } }),
  );

interface Answer {
  readonly status: number;
  readonly body: object;
}
const created: Answer = { status: 201, body: { kind: 'Job' } };
const refused = (status: number, message: string): Answer => ({
  status,
  body: { kind: 'Status', status: 'Failure', code: status, message },
});

/**
 * An API server that answers reviews of access, everything but the verbs in `denied`, and a Job that is not to be kept
 * as it is told.
 */
const kubeconfigOf = async (denied: readonly string[], dryRun: Answer = created): Promise<string> => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url?.endsWith('/jobs?dryRun=All') === true) {
        response.writeHead(dryRun.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(dryRun.body));
        return;
      }
      const { spec } = JSON.parse(body) as {
        spec: { resourceAttributes: { verb: string; resource: string } };
      };
      const { verb, resource } = spec.resourceAttributes;
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: { allowed: !denied.includes(`${verb} ${resource}`) } }));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
};

test('every wrong setting is a fault with its mend', () => {
  const { config, findings } = checkConfiguration({ LOG_LEVEL: 'loud', EXECUTOR_BATCH_SIZE: '0' });
  expect(config).toBeNull();
  expect(findings.map(({ result, mend }) => ({ result, mend }))).toEqual([
    { result: 'fault', mend: 'set EXECUTOR_BATCH_SIZE to a whole number from 1 to 1000, or unset it' },
    { result: 'fault', mend: expect.stringContaining('set LOG_LEVEL to "debug"') as string },
  ]);
});

test('a token that others can read is a warning', async () => {
  const path = join(folder, 'token');
  await writeFile(path, 'secret');
  await chmod(path, 0o644);
  expect(await checkDataFolder(folder)).toMatchObject([
    { result: 'ok' },
    { result: 'warning', mend: `chmod 600 ${path}` },
  ]);
  await chmod(path, 0o600);
  expect(await checkDataFolder(folder)).toMatchObject([{ result: 'ok' }]);
});

test('a folder that is not there yet is no fault', async () => {
  const [finding] = await checkDataFolder(join(folder, 'a', 'b'));
  expect(finding).toMatchObject({
    result: 'ok',
    detail: expect.stringContaining('is not there yet') as string,
  });
});

test('Kubernetes is left alone where nobody means to use it', async () => {
  expect(await checkKubernetes(configOf({}), {})).toMatchObject([{ result: 'skipped' }]);
});

test('rights in the namespace: all there, and the namespace `default` is a warning', async () => {
  const environment = { KUBECONFIG: await kubeconfigOf([]) };
  expect(await checkKubernetes(configOf(environment), environment)).toMatchObject([
    { check: 'kubernetes', result: 'ok' },
    { check: 'namespace', result: 'warning', mend: expect.stringContaining('K8S_NAMESPACE') as string },
    { check: 'kubernetes rights', result: 'ok', detail: 'all 12 in default' },
    {
      check: 'outputs',
      result: 'warning',
      mend: expect.stringContaining('OUTPUT_COLLECTOR_IMAGE') as string,
    },
  ]);
});

test('outputs: where they go, and what is missing', async () => {
  const KUBECONFIG = await kubeconfigOf([]);
  const outputs = async (more: Environment) => {
    const environment = { KUBECONFIG, K8S_NAMESPACE: 'jobs', OUTPUT_COLLECTOR_IMAGE: 'collector:1', ...more };
    return (await checkKubernetes(configOf(environment), environment)).at(-1);
  };
  expect(await outputs({})).toMatchObject({
    result: 'ok',
    detail: expect.stringContaining('logs') as string,
  });
  expect(await outputs({ COLLECTOR_LISTEN: ':8090' })).toMatchObject({
    result: 'warning',
    mend: expect.stringContaining('API_SERVICE_URL') as string,
  });
  expect(await outputs({ COLLECTOR_LISTEN: ':8090', API_SERVICE_URL: 'http://c:8090' })).toMatchObject({
    result: 'ok',
    detail: 'delivered to http://c:8090',
  });
});

test('rights: whoever takes outputs needs to review tokens, in the whole cluster', async () => {
  const environment = {
    KUBECONFIG: await kubeconfigOf(['create tokenreviews']),
    K8S_NAMESPACE: 'jobs',
    COLLECTOR_LISTEN: ':8090',
  };
  expect(await checkKubernetes(configOf(environment), environment)).toMatchObject([
    { check: 'kubernetes' },
    { check: 'namespace' },
    { check: 'kubernetes rights', result: 'fault', detail: 'missing in jobs: create tokenreviews' },
    { check: 'outputs' },
  ]);
});

test('rights in the namespace: those that are missing are named', async () => {
  const environment = {
    KUBECONFIG: await kubeconfigOf(['delete jobs', 'watch events']),
    K8S_NAMESPACE: 'jobs',
  };
  expect(await checkKubernetes(configOf(environment), environment)).toMatchObject([
    { check: 'kubernetes', result: 'ok' },
    { check: 'namespace', result: 'ok' },
    { check: 'kubernetes rights', result: 'fault', detail: 'missing in jobs: delete jobs, watch events' },
    { check: 'outputs' },
  ]);
});

test.each([
  ['is not there', 404, 'namespaces "jobs" not found', 'does not exist', 'kubectl create namespace jobs'],
  [
    'is being deleted',
    403,
    'jobs.batch "x" is forbidden: unable to create new content in namespace jobs because it is being terminated',
    'is being deleted',
    'K8S_NAMESPACE',
  ],
])(
  'a namespace that %s is a fault, whatever rights there are',
  async (_name, status, message, says, mend) => {
    const environment = {
      KUBECONFIG: await kubeconfigOf([], refused(status, message)),
      K8S_NAMESPACE: 'jobs',
    };
    const findings = await checkKubernetes(configOf(environment), environment);
    expect(findings.find(({ check }) => check === 'namespace')).toMatchObject({
      result: 'fault',
      detail: expect.stringContaining(says) as string,
      mend: expect.stringContaining(mend) as string,
    });
  },
);

test('who may not create Jobs in a namespace is told to look whether it exists', async () => {
  const forbidden = refused(403, 'jobs.batch is forbidden: User "u" cannot create resource "jobs"');
  const environment = {
    KUBECONFIG: await kubeconfigOf(['create jobs'], forbidden),
    K8S_NAMESPACE: 'jobs',
  };
  const findings = await checkKubernetes(configOf(environment), environment);
  expect(findings.find(({ result }) => result === 'fault')).toMatchObject({
    check: 'kubernetes rights',
    mend: expect.stringContaining('check that jobs exists') as string,
  });
});

test('a cluster that does not answer, or a kubeconfig that is not there, is a fault with a mend', async () => {
  const path = await kubeconfigOf([]);
  server?.close();
  server?.closeAllConnections();
  for (const KUBECONFIG of [path, join(folder, 'none')]) {
    const environment = { KUBECONFIG };
    const findings = await checkKubernetes(configOf(environment), environment);
    expect(findings).toMatchObject([
      { check: 'kubernetes', result: 'fault', mend: expect.stringContaining('kubeconfig') as string },
    ]);
    // Whoever runs `doctor` is not helped by being sent to it.
    expect(findings[0]?.mend).not.toContain('doctor');
  }
});

test('a server that is not ready is told once, and asked nothing more', async () => {
  const asked: (string | undefined)[] = [];
  server = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ready: false, checks: [] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const environment = { DATA_DIR: folder, JOB_ORCHESTRATOR_TOKEN: 'a-token-of-our-own' };
  const cli = { screen: processScreen(environment, false), environment };
  expect(await checkServer(cli, { server: `http://127.0.0.1:${port}` })).toMatchObject([
    { check: 'server', result: 'fault', detail: expect.stringContaining('is not ready') as string },
  ]);
  expect(asked).toHaveLength(1);
});

test('what an executor sets aside is a warning that names it, its job and what to do', () => {
  const jobId = '0190a000-1111-7000-8000-00000000bad0';
  const findings = setAsideFindings({
    name: 'one',
    setAside: [
      { kind: 'attempt', jobId, name: '0190a000-2222-4000-8000-00000000bad0', message: 'it throws' },
      { kind: 'object', jobId: null, name: 'Pod odd', message: 'status.phase "Odd" is not known' },
    ],
  });
  expect(findings.map(({ result, detail }) => `${result}: ${detail}`)).toEqual([
    'warning: one: an attempt of job 0000bad0: it throws',
    'warning: one: Pod odd: status.phase "Odd" is not known',
  ]);
  expect(findings[0]?.mend).toContain('describe job 0000bad0');
});
