import { dagRules } from '@job-orchestrator/dag-orchestrator';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createClient } from '@job-orchestrator/client';
import { silentLog } from '@job-orchestrator/postgres/testing';
import { ReadinessSchema, type LogSource, type LogTail } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi/document.ts';
import { routes } from './routes/all.ts';
import { createApiServer, type ApiServer } from './server.ts';
import { startApi, testToken, type Api } from './testing/api-fixture.ts';
import { failure } from './testing/failure.ts';
import { send } from './testing/raw-request.ts';
import { read } from './testing/reading.ts';
import { expectShape } from './testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const serverWith = (token: string | null, allowedHosts?: readonly string[]): ApiServer =>
  createApiServer({
    database: api.database,
    databaseKind: 'embedded',
    installation: api.installation,
    logs: null,
    token,
    runtimeKind: 'process',
    dagRules,
    outputsSupported: true,
    autoRegisterImages: false,
    version: '0.0.0-test',
    log: silentLog,
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
  });

describe('listening', () => {
  it.each(['0.0.0.0', '::', '192.0.2.1', 'jobs.example'])('on %s needs a token', async (host) => {
    const error = await failure(serverWith(null).listen({ host, port: 0 }));
    expect(error).toMatchObject({
      code: 'invalid_configuration',
      problems: [{ field: 'API_LISTEN', value: host }],
    });
  });

  it('on loopback needs none, and then asks for none', async () => {
    const server = serverWith(null);
    const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await createClient({ server: url }).listJobs()).next).toBeNull();
    expect((await send(url, { path: '/api/v1/jobs', headers: { host: 'rebound.example' } })).status).toBe(
      403,
    );
    await server.close();
  });

  it('on all addresses takes any name, or those it was told', async () => {
    const host = 'jobs.example:8080';
    for (const [allowed, status] of [
      [undefined, 200],
      [['Jobs.example'], 200],
      [['other.example'], 403],
    ] as const) {
      const server = serverWith(testToken, allowed);
      const { port } = new URL((await server.listen({ host: '0.0.0.0', port: 0 })).url);
      const url = `http://127.0.0.1:${port}`;
      expect((await send(url, { path: '/api/v1/jobs', headers: { host } })).status).toBe(status);
      expect((await send(url, { path: '/api/v1/jobs' })).status).toBe(200);
      await server.close();
    }
  });

  it('says which address it could not have', async () => {
    const port = Number(new URL(api.url).port);
    const error = await failure(serverWith(testToken).listen({ host: '127.0.0.1', port }));
    expect(error).toMatchObject({
      code: 'invalid_configuration',
      problems: [{ value: `127.0.0.1:${port}` }],
    });
    expect(error.message).toContain('EADDRINUSE');
  });
});

describe('closing', () => {
  it('ends streams and lets requests finish, twice without harm', async () => {
    const server = await api.serve();
    const { jobs } = await api.client.submitJobs({ image: 'shell', topic: 'closing' });
    const reader = createClient({ server: server.url, token: testToken, reconnect: { most: 0 } });
    const reading = read(reader.followEvents(jobs[0]!.id));
    await reading.until((events) => events.length === 1);
    await server.close();
    expect((await failure(reading.all)).code).toBe('server_unreachable');
    await server.close();
  });
});

describe('closing with a request under way', () => {
  it('answers it and then waits for no idle connection', { timeout: 8_000 }, async () => {
    let release = (): void => undefined;
    let asked = (): void => undefined;
    const pinged = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const ping = (): Promise<void> => {
      asked();
      return new Promise((resolve) => {
        release = resolve;
      });
    };
    const server = await api.serve({ database: { ...api.database, ping } });
    const answering = fetch(`${server.url}/readyz`);
    await pinged;
    const closing = server.close();
    release();
    expect((await answering).status).toBe(503);
    await closing;
  });
});

/** A log without end, which counts what was taken of it. */
const endlessLog = () => {
  const state = { taken: 0, closed: false };
  const chunk = Buffer.alloc(65_536, 'x');
  const source: LogSource = {
    async open(_ref, { signal }) {
      return (async function* () {
        try {
          while (!signal.aborted) {
            state.taken += chunk.length;
            yield chunk;
          }
        } finally {
          state.closed = true;
        }
      })();
    },
  };
  return { state, source };
};

const stuckReader = async (url: string, path: string): Promise<Socket> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${testToken}\r\n\r\n`);
  return socket;
};

describe('slow readers', () => {
  it.each(['/logs?follow=true', '/logs'])(
    'of %s that take nothing cost a bounded buffer, and are cut off',
    async (path) => {
      const { state, source } = endlessLog();
      const server = await api.serve({ logs: source, timings: { stuckReaderMs: 200 } });
      const { jobs } = await api.client.submitJobs({ image: 'shell', topic: 'slow' });
      await api.driver.start(jobs[0]!.id);
      const socket = await stuckReader(server.url, `/api/v1/jobs/${jobs[0]!.id}${path}`);
      // The server cuts the connection; the reader learns of it when it reads on.
      await expect.poll(() => state.closed, { timeout: 10_000 }).toBe(true);
      // The kernel's socket buffers take a few MB; an unbounded server would have taken gigabytes by now.
      expect(state.taken).toBeLessThan(32 * 1_048_576);
      socket.destroy();
    },
  );

  it('who leave are noticed', async () => {
    const { state, source } = endlessLog();
    const server = await api.serve({ logs: source });
    const { jobs } = await api.client.submitJobs({ image: 'shell', topic: 'leaving' });
    await api.driver.start(jobs[0]!.id);
    for await (const message of server.client.followLog(jobs[0]!.id)) if (message.kind === 'text') break;
    await expect.poll(() => state.closed).toBe(true);
  });
});

describe('logs whose source misbehaves', () => {
  const start = async (logs: LogSource) => {
    const server = await api.serve({ logs });
    const { jobs } = await api.client.submitJobs({ image: 'shell', topic: 'odd' });
    const attempt = await api.driver.start(jobs[0]!.id);
    return { client: server.client, id: jobs[0]!.id, attempt };
  };
  const text = (messages: readonly object[]): string =>
    messages.map((message) => ('text' in message ? String(message.text) : '')).join('');

  it('by having rotated its beginning, and bytes in its middle, away', async () => {
    const { client, id } = await start({
      async open(_ref, { follow, signal, onSkip }) {
        return (async function* () {
          onSkip?.(1_000);
          yield Buffer.from('later ');
          onSkip?.(null);
          yield Buffer.from('last');
          if (follow) await once(signal, 'abort');
        })();
      },
    });
    expect(await client.readLog(id)).toMatchObject({ text: 'later last', truncated: true, skipped: 1_000 });
    expect(await client.readLog(id, { tail: 4 })).toMatchObject({ text: 'last', skipped: 1_006 });
    const reading = read(client.followLog(id));
    await reading.until((messages) => text(messages).endsWith('last'));
    expect(reading.items.filter(({ kind }) => kind !== 'attempt')).toEqual([
      { kind: 'gap', bytes: 1_000 },
      { kind: 'text', text: 'later ' },
      { kind: 'gap', bytes: null },
      { kind: 'text', text: 'last' },
    ]);
  });

  /** A stream that breaks off after `told`; whoever opens it again finds `rest` behind that, or nothing. */
  const cutOff = (told: string, rest: string | null): LogSource => ({
    async open(_ref, { follow, fromByte }) {
      if (!follow && rest === null) return null;
      const all = Buffer.from(follow ? told : told + rest);
      return (async function* () {
        if (fromByte < all.length) yield all.subarray(fromByte);
      })();
    },
  });
  const followed = async (logs: LogSource, stored: LogTail | undefined) => {
    const { client, id, attempt } = await start(logs);
    const reading = read(client.followLog(id));
    await reading.until((messages) => text(messages).startsWith('told'));
    await api.driver.end(attempt, 0, stored);
    const items = (await reading.all).filter(({ kind }) => kind === 'text' || kind === 'gap');
    return items.map((item) => ('text' in item ? item.text : 'gap'));
  };
  const bytes = (end: string): Uint8Array => new TextEncoder().encode(end);

  it('by breaking off in the middle: what its runtime still has comes first, each byte once', async () => {
    const stored = { bytes: bytes(' end'), totalBytes: 14, extent: 'exact' } as const;
    expect((await followed(cutOff('told ', 'rest, end'), stored)).join('')).toBe('told rest, end');
  });

  it('by breaking off for good, and with a length that nobody counted to its end: the hole is told, then the end', async () => {
    const stored = { bytes: bytes('end'), totalBytes: 3, extent: 'at_least' } as const;
    expect(await followed(cutOff('told much', null), stored)).toEqual(['told much', 'gap', 'end']);
  });

  it('by breaking off with its pod, and nothing stored: that something may be missing is told', async () => {
    expect(await followed(cutOff('told', null), undefined)).toEqual(['told', 'gap']);
  });

  it('by ending as if it were whole when its pod goes, and nothing stored: that something may be missing is told', async () => {
    let looks = 0;
    const logs: LogSource = {
      async open(_ref, { follow, fromByte }) {
        if (!follow && (looks += 1) > 1) return null;
        return (async function* () {
          yield Buffer.from('told more').subarray(fromByte, follow ? 4 : 9);
        })();
      },
    };
    expect(await followed(logs, undefined)).toEqual(['told', ' more', 'gap']);
  });

  it('by ending in the middle of a log that nobody counted to its end: the hole is told', async () => {
    const stored = { bytes: bytes(' end'), totalBytes: 1_000, extent: 'at_least' } as const;
    expect(await followed(cutOff('told ', null), stored)).toEqual(['told ', 'gap', ' end']);
  });

  it('by never ending, though the attempt did', async () => {
    const { client, id, attempt } = await start({
      async open(_ref, { signal }) {
        return (async function* () {
          yield Buffer.from('live ');
          await once(signal, 'abort');
        })();
      },
    });
    const reading = read(client.followLog(id));
    await reading.until((messages) => text(messages) === 'live ');
    await api.driver.end(attempt, 0, 'live and stored');
    expect(text(await reading.all)).toBe('live and stored');
  });

  it('by breaking off and failing to open', async () => {
    let opened = 0;
    const { client, id, attempt } = await start({
      async open(_ref, { fromByte }) {
        opened += 1;
        if (opened % 2 === 0) throw new Error('connection refused');
        return (async function* () {
          yield Buffer.from('abcdefgh').subarray(fromByte, fromByte + 2);
          throw new Error('reset');
        })();
      },
    });
    const reading = read(client.followLog(id));
    await reading.until((messages) => text(messages) === 'abcdef');
    await api.driver.end(attempt, 0, 'abcdefgh');
    expect(text(await reading.all)).toBe('abcdefgh');
  });

  it('by having rotated its beginning away, without telling its end twice', async () => {
    const { client, id, attempt } = await start({
      async open(_ref, { fromByte }) {
        return (async function* () {
          if (fromByte === 0) yield Buffer.from('long before xxx the end of it');
        })();
      },
    });
    const reading = read(client.followLog(id));
    await reading.until((messages) => text(messages).endsWith('the end of it'));
    const newest = { bytes: Buffer.from('xxx the end of it'), totalBytes: 17, extent: 'exact' } as const;
    await api.driver.end(attempt, 0, newest);
    expect(text(await reading.all)).toBe('long before xxx the end of it');
  });
});

describe('health', () => {
  it('answers /livez and /readyz without a token', async () => {
    expect(await send(api.url, { path: '/livez', headers: { authorization: undefined } })).toMatchObject({
      status: 200,
      text: 'ok\n',
    });
    const ready = await send(api.url, { path: '/readyz?verbose', headers: { authorization: undefined } });
    expectShape(ReadinessSchema, ready.json);
    expect(ready).toMatchObject({
      status: 200,
      json: { ready: true, checks: [{ name: 'database', ok: true }] },
    });
    expect((await send(api.url, { path: '/readyz' })).json).toEqual({ ready: true });
  });

  it('is not ready, but alive, without its database, and tells nothing of its inside', async () => {
    const lost = await startApi();
    await lost.loseDatabase();
    expect((await send(lost.url, { path: '/livez' })).status).toBe(200);
    expect(await send(lost.url, { path: '/readyz' })).toMatchObject({ status: 503, json: { ready: false } });
    expect(await lost.client.readyz()).toMatchObject({
      ready: false,
      checks: [{ name: 'database', ok: false }],
    });
    const answer = await send(lost.url, { path: '/api/v1/jobs' });
    expect(answer.json['code']).toMatch(/^(database_unavailable|internal)$/);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.text).not.toMatch(/\.js|\.ts|stack|node_modules/);
    await lost.close();
  });

  it('is not ready where the database takes too long', async () => {
    const silent = { ...api.database, ping: () => new Promise<never>(() => undefined) };
    const server = await api.serve({ database: silent, timings: { readinessMs: 10 } });
    expect((await send(server.url, { path: '/readyz' })).status).toBe(503);
  });
});

describe('faults of ours', () => {
  it('are logged with their cause, and told with a request id only', async () => {
    const logged: object[] = [];
    const history = {
      ...api.database.history,
      listJobs: () => Promise.reject(new TypeError('secret detail at /srv/x.js')),
    };
    const log = { ...silentLog, error: (fields: object) => logged.push(fields) };
    const server = await api.serve({ database: { ...api.database, history }, log });
    const answer = await send(server.url, { path: '/api/v1/jobs' });
    expect(answer).toMatchObject({
      status: 500,
      json: { code: 'internal', requestId: answer.headers['x-request-id'] },
    });
    expect(answer.text).not.toContain('secret');
    expect(logged).toMatchObject([
      {
        requestId: answer.headers['x-request-id'],
        route: '/api/v1/jobs',
        err: { message: 'secret detail at /srv/x.js' },
      },
    ]);
  });
});

describe('/openapi.json', () => {
  it('describes every route, and is the committed document', async () => {
    const served = await send(api.url, { path: '/openapi.json', headers: { authorization: undefined } });
    const committed = new URL('../../../docs/openapi.json', import.meta.url);
    expect(served.json).toEqual(JSON.parse(await readFile(committed, 'utf8')));
    const paths = served.json['paths'] as Record<string, object>;
    for (const route of routes)
      expect(paths[route.url.replaceAll(/:(\w+)/g, '{$1}')]).toHaveProperty(route.method.toLowerCase());
  });

  it('refers only to schemas that it has', async () => {
    const document = (await openApiDocument(routes)) as { components: { schemas: Record<string, object> } };
    const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(known).toEqual(expect.arrayContaining([...references].map((match) => match[1])));
    expect(JSON.stringify(document)).not.toContain('"$id"');
  });
});

describe('connections', () => {
  it('that are kept alive serve many requests', async () => {
    const { hostname, port } = new URL(api.url);
    const statuses: (number | undefined)[] = [];
    for (let count = 0; count < 3; count += 1) {
      const sent = request({ hostname, port, path: '/livez' }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      statuses.push(response.statusCode);
    }
    expect(statuses).toEqual([200, 200, 200]);
  });
});
