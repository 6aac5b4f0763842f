import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createTokenReviewer } from './review-token.ts';

// What a real API server answers is seen in e2e; here is what it never says, and what must not be believed.
let server: Server | undefined;
let reviewer: ReturnType<typeof createTokenReviewer> | undefined;
afterEach(async () => {
  await reviewer?.close();
  server?.close();
});

let asked = '';
const identify = async (status: unknown, code = 201) => {
  server = createServer((request, response) => {
    asked = '';
    request.setEncoding('utf8').on('data', (part: string) => (asked += part));
    request.on('end', () => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(code === 201 ? { kind: 'TokenReview', status } : { message: 'no' }));
    });
  });
  await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: url, source: 'test', identity, invalidate: () => undefined };
  reviewer = createTokenReviewer({ credentials, namespace: 'jobs' });
  return reviewer.identify('the-token', 'the-audience');
};
const good = {
  authenticated: true,
  audiences: ['the-audience'],
  user: {
    username: 'system:serviceaccount:jobs:default',
    extra: { 'authentication.kubernetes.io/pod-uid': ['pod-1'] },
  },
};

test('a token of a pod of our namespace, made for this audience, tells its pod', async () => {
  expect(await identify(good)).toEqual({ kind: 'pod', uid: 'pod-1' });
  expect(JSON.parse(asked)).toMatchObject({ spec: { token: 'the-token', audiences: ['the-audience'] } });
});

test.each<[string, unknown, string]>([
  ['that is not authenticated', { error: 'expired' }, 'expired'],
  ['of a server that checked no audience', { ...good, audiences: undefined }, 'another audience'],
  ['for another audience', { ...good, audiences: ['x'] }, 'another audience'],
  [
    'of another namespace',
    { ...good, user: { ...good.user, username: 'system:serviceaccount:x:default' } },
    'namespace jobs',
  ],
  ['of a person', { ...good, user: { ...good.user, username: 'ann' } }, 'namespace jobs'],
  ['that is bound to no pod', { ...good, user: { username: good.user.username } }, 'not bound'],
])('a token %s is refused', async (_, status, words) => {
  expect(await identify(status)).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining(words) as string,
  });
});

test.each([[403], [500], [429]])('%i is no answer about the token', async (code) => {
  expect(await identify(null, code)).toMatchObject({ kind: 'unavailable' });
});

test('an answer that cannot be read is none', async () => {
  expect(await identify({ ...good, audiences: 'the-audience' })).toMatchObject({ kind: 'unavailable' });
});
