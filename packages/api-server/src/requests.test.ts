import { limits } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from './testing/api-fixture.ts';
import { post, send, sendBytes } from './testing/raw-request.ts';

// Whatever is refused here is refused without the database: it is closed.
let api: Api;
beforeAll(async () => {
  api = await startApi();
  await api.loseDatabase();
});
afterAll(() => api.close());

const submit = (body: string | Uint8Array, headers: Record<string, string | undefined> = {}) =>
  send(api.url, { method: 'POST', path: '/api/v1/jobs', body, headers });

describe('bodies', () => {
  it.each<[string, string | Uint8Array, number, string]>([
    ['nothing', '', 400, 'malformed_json'],
    ['half an object', '{"image":', 400, 'malformed_json'],
    ['a trailing comma', '{"image":"a",}', 400, 'malformed_json'],
    ['a comment', '{"image":"a"/**/}', 400, 'malformed_json'],
    ['a key twice', '{"image":"a","image":"b"}', 400, 'malformed_json'],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 400, 'malformed_json'],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), 400, 'malformed_json'],
    ['200,000 levels', '['.repeat(200_000), 400, 'malformed_json'],
    ['NUL', '{"image":"a\\u0000"}', 422, 'invalid_input'],
    ['a lone surrogate', '{"image":"\\ud800"}', 422, 'invalid_input'],
    ['__proto__', '{"image":"a","__proto__":{"x":1}}', 422, 'invalid_input'],
    ['1e400', '{"image":"a","priority":1e400}', 422, 'invalid_input'],
    ['an integer that is none', '{"image":"a","inputs":{"n":9007199254740993}}', 422, 'invalid_input'],
    ['null', 'null', 422, 'invalid_input'],
    ['a text', '"job"', 422, 'invalid_input'],
    ['no jobs', '{"jobs":[]}', 422, 'invalid_input'],
  ])('with %s are refused', async (_what, body, status, code) => {
    const answer = await submit(body);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    expect(answer.json['problems']).not.toEqual([]);
  });

  it.each([
    ['text/plain', undefined],
    ['application/x-www-form-urlencoded', undefined],
    ['multipart/form-data; boundary=x', undefined],
    ['application/jsonp', undefined],
    ['nonsense', undefined],
    ['', undefined],
    [undefined, undefined],
    ['application/json', 'gzip'],
    ['application/json', 'br'],
  ])('of type %j and encoding %j are refused', async (type, encoding) => {
    const answer = await submit('{"image":"a"}', { 'content-type': type, 'content-encoding': encoding });
    expect([answer.status, answer.json['code']]).toEqual([415, 'unsupported_media_type']);
  });

  it('may name their charset', async () => {
    const answer = await submit('{"image":"A"}', { 'content-type': 'application/json; charset=utf-8' });
    expect(answer.json['code']).toBe('invalid_input');
  });

  it('over the limit are refused by their length alone, without a token and without being read', async () => {
    const headers = { 'content-length': String(limits.bodyBytes + 1), authorization: 'Bearer nobody' };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = await sendBytes(
      api.url,
      `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n${head.join('')}\r\n{`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(text).toContain('"code":"body_too_large"');
    expect(text).toContain(`"limit":${limits.bodyBytes},"value":"${limits.bodyBytes + 1}"`);
    expect(text.toLowerCase()).toContain('connection: close');
  });

  it('that hide their length are cut at the limit', async () => {
    const chunk = 'x'.repeat(1_048_576);
    const frames = `100000\r\n${chunk}\r\n`.repeat(limits.bodyBytes / 1_048_576 + 1);
    const text = await sendBytes(
      api.url,
      `POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer the-token-of-this-test\r\n` +
        `Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${frames}`,
    ).catch((error: unknown) => String(error));
    // The server closes the connection on a sender that goes on; where its answer got through, it says why.
    expect(text).toMatch(/413|ECONNRESET|EPIPE/);
  });

  it('without a token are not read', async () => {
    const text = await sendBytes(
      api.url,
      'POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    );
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text.toLowerCase()).toContain('connection: close');
  });
});

describe('jobs', () => {
  const env = (name: string, value: string) => ({ env: { [name]: value } });
  it.each<[object, string]>([
    [{}, 'image'],
    [{ image: 'A' }, 'image'],
    [{ image: 'a/b' }, 'image'],
    [{ image: 'a'.repeat(64) }, 'image'],
    [{ image: 'a', name: '-' }, 'name'],
    [{ image: 'a', topic: 'a b' }, 'topic'],
    [{ image: 'a', project: '..' }, 'project'],
    [{ image: 'a', comand: ['x'] }, 'comand'],
    [{ image: 'a', command: 'x' }, 'command'],
    [{ image: 'a', command: [] }, 'command'],
    [{ image: 'a', command: Array.from({ length: 257 }, () => 'x') }, 'command'],
    [{ image: 'a', args: ['x'.repeat(limits.commandItemBytes + 1)] }, 'args[0]'],
    [{ image: 'a', ...env('1A', 'x') }, 'env.1A'],
    [{ image: 'a', ...env('A-B', 'x') }, 'env.A-B'],
    [{ image: 'a', ...env('JOB_ORCHESTRATOR_X', 'x') }, 'env.JOB_ORCHESTRATOR_X'],
    [{ image: 'a', ...env('A', 'x'.repeat(limits.envEntryBytes)) }, 'env.A'],
    [{ image: 'a', labels: { 'a b': 'c' } }, 'labels.a b'],
    [{ image: 'a', labels: { a: 'x'.repeat(64) } }, 'labels.a'],
    [{ image: 'a', labels: { 'job-orchestrator.io/job-id': 'x' } }, 'labels.job-orchestrator.io/job-id'],
    [{ image: 'a', inputs: { x: 'x'.repeat(limits.inputsBytes) } }, 'inputs'],
    [{ image: 'a', inputs: [] }, 'inputs'],
    [{ image: 'a', priority: 1_001 }, 'priority'],
    [{ image: 'a', priority: 0.5 }, 'priority'],
    [{ image: 'a', runAt: '275760-01-01T00:00:00Z' }, 'runAt'],
    [{ image: 'a', runAt: '1969-12-31T23:59:59Z' }, 'runAt'],
    [{ image: 'a', runAt: '2026-01-31 08:00' }, 'runAt'],
    [{ image: 'a', retry: { maxRetries: -1 } }, 'retry.maxRetries'],
    [{ image: 'a', retry: { maxRetries: 101 } }, 'retry.maxRetries'],
    [{ image: 'a', deadlines: { runSeconds: 0 } }, 'deadlines.runSeconds'],
    [{ image: 'a', deadlines: { runSeconds: 31_536_001 } }, 'deadlines.runSeconds'],
    [{ image: 'a', resources: { limits: { memory: '1e30Gi' } } }, 'resources.limits.memory'],
    [{ image: 'a', resources: { limits: { memory: '-1' } } }, 'resources.limits.memory'],
    [{ image: 'a', resources: { limits: { memory: '0.1m' } } }, 'resources.limits.memory'],
    [{ image: 'a', privileged: true }, 'privileged'],
  ])('%# are refused by their field alone and in a batch', async (job, field) => {
    const one = await submit(JSON.stringify(job));
    expect([one.status, one.json['code']]).toEqual([422, 'invalid_input']);
    expect((one.json['problems'] as { field: string }[])[0]?.field).toBe(field);
    const many = await submit(JSON.stringify({ jobs: [{ image: 'a' }, job] }));
    expect((many.json['problems'] as { field: string }[])[0]?.field).toBe(`jobs[1].${field}`);
  });

  it('are refused where there are too many', async () => {
    const jobs = Array.from({ length: limits.jobsPerRequest + 1 }, () => ({ image: 'a' }));
    const answer = await submit(JSON.stringify({ jobs }));
    expect(answer.json['problems']).toMatchObject([{ field: 'jobs', limit: limits.jobsPerRequest }]);
  });
});

describe('addresses', () => {
  it.each(['/api/v1/jobs/%', '/api/v1/jobs/%zz', '/api/v1/images/%ff', '/api/v1/jobs/%C3%28/logs'])(
    '%s is no address',
    async (path) => {
      const answer = await send(api.url, { path });
      expect([answer.status, answer.json['code']]).toEqual([400, 'malformed_request']);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    },
  );

  it.each([
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%2F..',
    'abc',
    'abcdefgh',
    '%40latest%00',
    '%2540latest',
    'ABCD-ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEF',
    "'%20or%201=1",
    'x'.repeat(900),
  ])('the selector %s selects no job', async (selector) => {
    const answer = await send(api.url, { path: `/api/v1/jobs/${selector}` });
    expect([answer.status, answer.json['code']]).toEqual([404, 'job_not_found']);
  });

  it('a part that is longer than any name is found nowhere', async () => {
    expect((await send(api.url, { path: `/api/v1/jobs/${'a'.repeat(2_000)}` })).json['code']).toBe(
      'route_not_found',
    );
  });

  it.each(['A', '-a', 'a.b', 'a%2Fb', 'a%20', '%00', 'a'.repeat(64), '%F0%9F%92%A9', '..%2f'])(
    'the name %s is refused for images and topics',
    async (name) => {
      for (const [method, path] of [
        ['GET', `/api/v1/images/${name}`],
        ['POST', `/api/v1/images/${name}/disable`],
        ['POST', `/api/v1/topics/${name}/pause`],
      ] as const) {
        const answer = await send(api.url, { method, path, headers: { 'content-type': undefined } });
        expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_input']);
        expect(answer.json['problems']).toMatchObject([{ field: 'name' }]);
      }
    },
  );

  it.each([
    ['/api/v1/jobs?limit=0', 'limit'],
    ['/api/v1/jobs?limit=501', 'limit'],
    ['/api/v1/jobs?topic=A', 'topic'],
    ['/api/v1/jobs?state=done', 'state'],
    ['/api/v1/jobs?label=x', 'label'],
    ['/api/v1/jobs?sort=created_at;drop', 'sort'],
    ['/api/v1/jobs?__proto__=x', '__proto__'],
    ['/api/v1/images?project=%00', 'project'],
    ['/api/v1/images?limit=x', 'limit'],
    ['/api/v1/topics?project=-', 'project'],
    ['/api/v1/images/a?project=A', 'project'],
    ['/api/v1/jobs/@latest/logs?attempt=0', 'attempt'],
    ['/api/v1/jobs/@latest/logs?tail=-1', 'tail'],
    ['/api/v1/jobs/@latest/logs?follow=yes', 'follow'],
    ['/api/v1/jobs/@latest/events?after=-1', 'after'],
    ['/readyz?verbos', 'verbos'],
  ])('%s names its wrong parameter', async (path, field) => {
    const answer = await send(api.url, { path });
    expect([answer.status, answer.json['code']]).toEqual([422, 'invalid_input']);
    expect(answer.json['problems']).toMatchObject([{ field }]);
  });

  it.each(['x', 'bmV4dA', 'bmV4dA.AAAAAAAA', '%27'])('the cursor %s is none of ours', async (cursor) => {
    for (const list of ['jobs', 'images']) {
      const answer = await send(api.url, { path: `/api/v1/${list}?cursor=${cursor}` });
      expect([answer.status, answer.json['code']]).toEqual([400, 'bad_cursor']);
    }
  });

  it.each(['-1', 'x', '1:2:3', '12345678901'])('the Last-Event-ID %s is none of ours', async (id) => {
    const headers = { 'last-event-id': id };
    const answer = await send(api.url, { path: '/api/v1/jobs/@latest/events?follow=true', headers });
    expect([answer.status, answer.json['code']]).toEqual([400, 'bad_cursor']);
  });
});

describe('other fields', () => {
  it.each([
    ['x'.repeat(256), /255/],
    ['', /printable/],
    ['ü', /printable/],
  ])('the Idempotency-Key %j is refused', async (key, message) => {
    const answer = await submit('{"image":"a"}', { 'idempotency-key': key });
    expect(answer.json).toMatchObject({ code: 'invalid_input', problems: [{ field: 'Idempotency-Key' }] });
    expect(JSON.stringify(answer.json['problems'])).toMatch(message);
  });

  it.each([{ reason: '' }, { reason: 'x'.repeat(1_001) }, { reason: 5 }])(
    'the reason of %j is refused',
    async (body) => {
      for (const verb of ['cancel', 'retry']) {
        const answer = await post(api.url, `/api/v1/jobs/@latest/${verb}`, body);
        expect(answer.json).toMatchObject({ code: 'invalid_input', problems: [{ field: 'reason' }] });
      }
    },
  );

  it.each([0, -1, 1.5, 100_001, '5', true, {}])('the limit %j of a topic is refused', async (limit) => {
    const answer = await post(api.url, '/api/v1/topics/a/limit', { limit }, 'PUT');
    expect(answer.json).toMatchObject({
      code: 'invalid_input',
      problems: [{ field: 'limit', limit: 100_000 }],
    });
  });

  it.each([[{}], [[]], [{ limit: 1, most: 2 }], [null]])(
    'the body %j is no limit of a topic',
    async (body) => {
      expect((await post(api.url, '/api/v1/topics/a/limit', body, 'PUT')).json['code']).toBe('invalid_input');
    },
  );
});

describe('what is not HTTP', () => {
  it.each([
    ['hello\r\n\r\n', 'not HTTP'],
    ['GET / HTTP/1.1\r\n\r\n', 'not HTTP'],
    [`GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '16 KiB'],
    ['GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n', 'not HTTP'],
  ])('is answered as a problem', async (bytes, detail) => {
    const text = await sendBytes(api.url, bytes);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    if (!text.includes('\r\n\r\n{')) return;
    expect(text).toContain('application/problem+json');
    expect(text).toContain(detail);
  });
});
