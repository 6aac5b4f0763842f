import { afterAll, beforeAll, expect, test } from 'vitest';
import { OrchestratorError } from '@job-orchestrator/types';
import type { Credentials, Identity } from '../credentials/credentials.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { createApiClient, type ApiClient } from './api-client.ts';
import { parseRetryAfter } from './api-result.ts';

let server: FakeApiServer;
const clients: ApiClient[] = [];

beforeAll(async () => {
  server = await startFakeApiServer();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

const credentialsOf = (
  identity: () => Promise<Identity>,
  url = server.url,
  invalidate = (): void => undefined,
): Credentials => ({
  server: url,
  source: 'test',
  identity,
  invalidate,
});
const anonymous = (): Promise<Identity> => Promise.resolve({ headers: {}, tls: {} });
const clientOf = (credentials: Credentials, pools = {}): ApiClient => {
  const client = createApiClient({ credentials, pools });
  clients.push(client);
  return client;
};
const jobs = '/apis/batch/v1/namespaces/n/jobs';

test.each([
  [400, 'refused'],
  [403, 'refused'],
  [404, 'not_found'],
  [409, 'conflict'],
  [410, 'gone'],
  [422, 'refused'],
  [429, 'too_many'],
  [500, 'server_error'],
  [503, 'server_error'],
])('an answer %i is %s, with its reason and message', async (status, kind) => {
  const client = clientOf(credentialsOf(anonymous));
  server.fail(
    (request) => request.path === jobs,
    { kind: 'answer', status, reason: 'Because', message: 'so it is' },
    1,
  );
  expect(await client.json({ method: 'GET', path: jobs })).toMatchObject({
    kind,
    status,
    reason: 'Because',
    message: 'so it is',
  });
});

test.each([
  [302, 'server_error'],
  [401, 'unauthorized'],
  [403, 'server_error'],
  [404, 'server_error'],
  [409, 'server_error'],
  [429, 'too_many'],
  [502, 'server_error'],
])('an answer %i that is not of Kubernetes is %s: a proxy knows nothing of Jobs', async (status, kind) => {
  const client = clientOf(credentialsOf(anonymous));
  const page = `<html>\n  <h1>${status} from the gateway</h1>\n</html>`;
  server.fail(({ path }) => path === jobs, { kind: 'answer', status, page }, status === 401 ? 2 : 1);
  const answer = await client.json({ method: 'GET', path: jobs });
  expect(answer).toMatchObject({ kind, status });
  expect(answer.kind === 'ok' ? '' : answer.message).toContain(`<h1>${status} from the gateway</h1>`);
  const isForeign = answer.kind !== 'ok' && answer.message.includes('not from Kubernetes');
  expect(isForeign).toBe(kind === 'server_error');
});

test('Retry-After is read, bounded, and holds later requests back', async () => {
  const client = clientOf(credentialsOf(anonymous));
  server.fail(
    (request) => request.path === jobs,
    { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
    1,
  );
  expect(await client.json({ method: 'GET', path: jobs })).toMatchObject({
    kind: 'too_many',
    retryAfterMs: 1_000,
  });
  const before = performance.now();
  expect(await client.json({ method: 'GET', path: jobs })).toMatchObject({ kind: 'ok' });
  expect(performance.now() - before).toBeGreaterThan(900);
});

test('a reset, a lost answer and a silence are unresolved; a refused connection is certain not to have arrived', async () => {
  const client = clientOf(credentialsOf(anonymous), { requestMs: 200 });
  const create = { method: 'POST', path: jobs, body: { metadata: { name: 'lost' } } } as const;
  for (const kind of ['lose_answer', 'reset', 'silence'] as const) {
    server.fail((request) => request.method === 'POST', { kind }, 1);
    expect(await client.json(create)).toMatchObject({ kind: 'unresolved' });
  }
  expect(await client.json(create)).toMatchObject({ kind: 'conflict', reason: 'AlreadyExists' });
  const nobody = clientOf(credentialsOf(anonymous, 'http://127.0.0.1:1'));
  expect(await nobody.json(create)).toMatchObject({ kind: 'unreachable' });
});

test('a guard is asked when the request is written, after the bucket, the credentials and the wait for a connection', async () => {
  let allowed = true;
  const guarded = { method: 'POST', path: jobs, body: { metadata: { name: 'guarded' } } } as const;
  const maySend = (): boolean => allowed;
  const sent = (): number => server.requests.filter(({ body }) => body.includes('guarded')).length;

  let giveIdentity = (_identity: Identity): void => undefined;
  const late = new Promise<Identity>((resolve) => (giveIdentity = resolve));
  const withLateCredentials = clientOf(credentialsOf(() => late)).json({ ...guarded, maySend });
  allowed = false;
  giveIdentity({ headers: {}, tls: {} });
  expect(await withLateCredentials).toMatchObject({ kind: 'withheld' });

  const slow = createApiClient({ credentials: credentialsOf(anonymous), rate: { perSecond: 5, burst: 1 } });
  clients.push(slow);
  allowed = true;
  const first = slow.json({ method: 'GET', path: jobs });
  const inTheBucket = slow.json({ ...guarded, maySend });
  await first;
  allowed = false;
  expect(await inTheBucket).toMatchObject({ kind: 'withheld' });

  // One connection, held by a request that is never answered: the create waits for its turn on it.
  const single = clientOf(credentialsOf(anonymous), { connections: 1, requestMs: 300 });
  server.fail(({ method }) => method === 'DELETE', { kind: 'silence' }, 1);
  const before = server.requests.length;
  const silent = single.json({ method: 'DELETE', path: `${jobs}/none` });
  await server.until(() => server.requests.length > before);
  allowed = true;
  const queued = single.json({ ...guarded, maySend });
  let asked = 0;
  const countedAndRefused = single.json({ ...guarded, maySend: () => (asked += 1) < 2 });
  expect(await silent).toMatchObject({ kind: 'unresolved' });
  expect(await queued).toMatchObject({ kind: 'ok' });
  expect(await countedAndRefused).toMatchObject({ kind: 'withheld' });
  expect(asked).toBe(2);
  expect(sent()).toBe(1);
  // The connection is as good as before.
  expect(await single.json({ method: 'GET', path: jobs })).toMatchObject({ kind: 'ok' });
});

test('a 401 fetches fresh credentials once and tries again', async () => {
  let token = 'old';
  const credentials = credentialsOf(
    () => Promise.resolve({ headers: { authorization: `Bearer ${token}` }, tls: {} }),
    server.url,
    () => void (token = 'new'),
  );
  const end = server.fail((request) => request.authorization === 'Bearer old', {
    kind: 'answer',
    status: 401,
  });
  expect(await clientOf(credentials).json({ method: 'GET', path: jobs })).toMatchObject({ kind: 'ok' });
  end();
  const endAll = server.fail(() => true, { kind: 'answer', status: 401 });
  const before = server.requests.length;
  expect(await clientOf(credentials).json({ method: 'GET', path: jobs })).toMatchObject({
    kind: 'unauthorized',
  });
  expect(server.requests.length - before).toBe(2);
  endAll();
});

test('failing credentials are an answer, not a crash, and send nothing', async () => {
  const broken = credentialsOf(() =>
    Promise.reject(new OrchestratorError('runtime_unavailable', 'the plugin is gone')),
  );
  const before = server.requests.length;
  const result = await clientOf(broken).json({ method: 'GET', path: jobs });
  expect(result).toMatchObject({ kind: 'unreachable', reason: 'Credentials', message: 'the plugin is gone' });
  expect(server.requests.length).toBe(before);
});

test('a body that is no JSON is unresolved, and an abort is told apart', async () => {
  const client = clientOf(credentialsOf(anonymous));
  server.fail(() => true, { kind: 'silence' }, 1);
  const abort = new AbortController();
  const before = server.requests.length;
  const pending = client.json({ method: 'GET', path: jobs, signal: abort.signal });
  await server.until(() => server.requests.length > before);
  abort.abort();
  expect(await pending).toMatchObject({ kind: 'aborted' });
  server.logs.set('p', 'no json');
  expect(await client.json({ method: 'GET', path: '/api/v1/namespaces/n/pods/p/log' })).toMatchObject({
    kind: 'unresolved',
  });
});

test('the server address may have a path prefix', async () => {
  const client = clientOf(credentialsOf(anonymous, `${server.url}/k8s/clusters/c-1/`));
  expect(await client.json({ method: 'GET', path: jobs })).toMatchObject({ kind: 'ok' });
  expect(server.requests.at(-1)?.path).toBe(`/k8s/clusters/c-1${jobs}`);
});

test('no more requests go out than the bucket allows', async () => {
  const client = createApiClient({
    credentials: credentialsOf(anonymous),
    rate: { perSecond: 50, burst: 5 },
  });
  clients.push(client);
  const before = performance.now();
  await Promise.all(Array.from({ length: 20 }, () => client.json({ method: 'GET', path: jobs })));
  expect(performance.now() - before).toBeGreaterThan(280);
});

test.each([
  ['2', 2_000],
  ['86400', 300_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 5_000],
  ['Fri, 01 Jan 2100 00:00:00 GMT', 300_000],
  ['soon', null],
  [undefined, null],
])('a Retry-After of %s holds us back for five minutes at most', (header, ms) => {
  expect(parseRetryAfter(header, 0)).toBe(ms);
});
