import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from './routes/all.ts';
import { startApi, type Api } from './testing/api-fixture.ts';
import { send } from './testing/raw-request.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const pathOf = (url: string): string => url.replace(':selector', 'abcdef12').replace(':name', 'a');
const body = (method: string): { readonly body?: string } =>
  method === 'GET' || method === 'DELETE' ? {} : { body: '{}' };

const table = routes.map(({ method, url, access }) => ({ method, url, access }));
const guarded = table.filter((route) => route.access === 'token');

describe.each(table)('$method $url', ({ method, url }) => {
  const call = (headers: Record<string, string | undefined>) =>
    send(api.url, { method, path: pathOf(url), headers, ...body(method) });

  it.each([
    ['a Host that is not ours', { host: 'rebound.example' }],
    ['a foreign Origin', { origin: 'http://evil.example' }],
    ['the Origin null', { origin: 'null' }],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of a sibling site', { 'sec-fetch-site': 'same-site' }],
  ])('refuses %s', async (_what, headers) => {
    const answer = await call(headers);
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({ code: 'forbidden_origin', status: 403 });
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('sends the security headers whatever it answers', async () => {
    for (const headers of [{}, { host: 'rebound.example' }, { authorization: undefined }]) {
      expect((await call(headers)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      });
    }
  });
});

describe.each(guarded)('$method $url', ({ method, url }) => {
  it.each([undefined, 'Bearer', 'Bearer nothing', 'Basic dGVzdA==', 'Bearer the-token-of-this-tes'])(
    'refuses the Authorization %j',
    async (authorization) => {
      const answer = await send(api.url, {
        method,
        path: pathOf(url),
        headers: { authorization },
        ...body(method),
      });
      expect(answer.status).toBe(401);
      expect(answer.json).toMatchObject({ code: 'unauthorized' });
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    },
  );
});

describe('what is no route', () => {
  it.each([
    '/',
    '/api',
    '/api/v1/',
    '/api/v1/jobs/livez/readyz',
    '/livez/',
    '/livez/../api/v1/jobs',
    '//livez',
    '/LIVEZ',
    '/api/v1/topics/a/delete',
    '/api/v2/jobs',
    '/api/v1/jobs/abcdef12/attempts/1',
  ])('%s asks for the token first, and is then not found', async (path) => {
    expect((await send(api.url, { path, headers: { authorization: undefined } })).status).toBe(401);
    const answer = await send(api.url, { path });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ code: 'route_not_found' });
  });

  it('reads access from the route, never from how a path ends', async () => {
    for (const path of ['/api/v1/jobs/livez', '/api/v1/jobs?x=/livez', '/api/v1/images/openapi.json'])
      expect((await send(api.url, { path, headers: { authorization: undefined } })).status).toBe(401);
  });

  it.each([
    ['DELETE', '/api/v1/jobs', 'POST, GET, HEAD'],
    ['PATCH', '/api/v1/images/a', 'GET, HEAD, PUT'],
    ['GET', '/api/v1/topics/a/pause', 'POST'],
    ['OPTIONS', '/api/v1/jobs', 'POST, GET, HEAD'],
    ['HEAD', '/api/v1/jobs/abcdef12/logs', 'GET'],
    ['POST', '/livez', 'GET, HEAD'],
  ])('answers %s %s with the methods it knows', async (method, path, allow) => {
    const answer = await send(api.url, { method, path, headers: { 'content-type': undefined } });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    if (method !== 'HEAD') expect(answer.json).toMatchObject({ code: 'method_not_allowed' });
    expect((await send(api.url, { method, path, headers: { authorization: undefined } })).status).toBe(401);
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await send(api.url, { method: 'HEAD', path: '/api/v1/jobs' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });
});
