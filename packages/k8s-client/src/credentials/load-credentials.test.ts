import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../system-clock.ts';
import { inClusterCredentials } from './in-cluster.ts';
import { loadCredentials } from './load-credentials.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const write = async (content: string): Promise<string> => {
  const path = join(folder, `config-${(files += 1)}`);
  await writeFile(path, content);
  return path;
};
const load = (...paths: string[]): ReturnType<typeof loadCredentials> =>
  loadCredentials({ inCluster: false, env: { KUBECONFIG: paths.join(':'), HOME: folder } });
const config = (user: string, cluster = 'server: https://k.example:6443'): string =>
  [
    'current-context: c',
    `clusters: [{name: k, cluster: {${cluster}}}]`,
    `users: [{name: u, user: {${user}}}]`,
    'contexts: [{name: c, context: {cluster: k, user: u}}]',
  ].join('\n');
const pem = (what: string): string => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`;

test('a token, and CA data', async () => {
  const ca = Buffer.from(pem('CERTIFICATE')).toString('base64');
  const credentials = await load(
    await write(config('token: abc', `server: https://k.example, certificate-authority-data: ${ca}`)),
  );
  expect(credentials.server).toBe('https://k.example');
  expect(await credentials.identity()).toEqual({
    headers: { authorization: 'Bearer abc' },
    tls: { ca: pem('CERTIFICATE') },
  });
});

test('client certificate files are found beside the kubeconfig', async () => {
  await writeFile(join(folder, 'c.crt'), pem('CERTIFICATE'));
  await writeFile(join(folder, 'c.key'), pem('PRIVATE KEY'));
  const credentials = await load(await write(config('client-certificate: c.crt, client-key: c.key')));
  expect(await credentials.identity()).toEqual({
    headers: {},
    tls: { cert: pem('CERTIFICATE'), key: pem('PRIVATE KEY') },
  });
});

test('a token file is read again after a 401', async () => {
  const token = await write('first');
  const credentials = await load(await write(config(`tokenFile: ${token}`)));
  expect((await credentials.identity()).headers['authorization']).toBe('Bearer first');
  await writeFile(token, 'second\n');
  credentials.invalidate();
  expect((await credentials.identity()).headers['authorization']).toBe('Bearer second');
});

test('several files merge: the first that names something wins, missing files are passed over', async () => {
  const first = await write('current-context: c\nusers: [{name: u, user: {token: mine}}]');
  const credentials = await load(join(folder, 'absent'), first, await write(config('token: other')));
  expect((await credentials.identity()).headers['authorization']).toBe('Bearer mine');
});

test.each([
  [
    'no server',
    config('token: a', 'insecure-skip-tls-verify: true'),
    'clusters[0].cluster.server: is missing',
  ],
  [
    'a bad server',
    config('token: a', 'server: k.example'),
    'clusters[0].cluster.server: must be an http or https address',
  ],
  [
    'a proxy',
    config('token: a', 'server: https://k, proxy-url: http://p'),
    'clusters[0].cluster.proxy-url: is not supported',
  ],
  ['a password', config('username: a, password: b'), 'users[0].user.username: is not supported'],
  [
    'half a certificate',
    config(`client-certificate-data: ${Buffer.from(pem('X')).toString('base64')}`),
    'without its key',
  ],
  [
    'no PEM',
    config('client-certificate-data: AAAA, client-key-data: AAAA'),
    'users[0].user.client-certificate-data: holds no PEM',
  ],
  [
    'a missing CA file',
    config('token: a', 'server: https://k, certificate-authority: nowhere.crt'),
    'cannot be read',
  ],
  ['a number as token', config('token: 12'), 'users[0].user.token: must be text'],
  [
    'an unknown context',
    config('token: a').replace('current-context: c', 'current-context: d'),
    'names no context',
  ],
  [
    'an unknown user',
    config('token: a').replace('user: u}', 'user: w}'),
    'contexts[0].context.user: names no entry of users',
  ],
  ['no current context', config('token: a').replace('current-context: c', ''), 'current-context: is missing'],
  ['a list on top', '- a', 'top level: must be a mapping'],
  ['broken YAML', 'a: [', 'line '],
  [
    'an old exec plugin',
    config('exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}'),
    'exec.apiVersion',
  ],
])('%s is refused with file and field', async (_name, content, expected) => {
  const path = await write(content);
  const error = await load(path).then(
    () => null,
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: 'invalid_configuration' });
  expect(error?.message).toContain(expected);
  expect(error?.message).toContain(path);
});

test('no file at all is runtime_unavailable and names what was looked for', async () => {
  const attempt = loadCredentials({ inCluster: false, env: { HOME: '/nowhere' } });
  await expect(attempt).rejects.toMatchObject({
    code: 'runtime_unavailable',
    message: expect.stringContaining('/nowhere/.kube/config') as string,
  });
});

test('in a cluster: token and CA of the service account; outside, a clear error', async () => {
  await writeFile(join(folder, 'token'), 'sa-token\n');
  await writeFile(join(folder, 'ca.crt'), pem('CERTIFICATE'));
  const credentials = inClusterCredentials({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, systemClock, folder);
  expect(credentials.server).toBe('https://[fd00::1]:443');
  expect(await credentials.identity()).toEqual({
    headers: { authorization: 'Bearer sa-token' },
    tls: { ca: pem('CERTIFICATE').trim() },
  });
  await expect(loadCredentials({ inCluster: true, env: {} })).rejects.toMatchObject({
    code: 'runtime_unavailable',
  });
});
