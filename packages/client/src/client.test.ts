import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { limits, OrchestratorError } from '@job-orchestrator/types';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import {
  answer,
  events,
  startScripted,
  type Handler,
  type ScriptedServer,
} from './testing/scripted-server.ts';

const servers: ScriptedServer[] = [];
const serve = async (...handlers: Handler[]): Promise<ScriptedServer> => {
  const server = await startScripted(...handlers);
  servers.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const failure = async (work: Promise<unknown>): Promise<OrchestratorError> => {
  const error: unknown = await work.then(
    () => null,
    (fault: unknown) => fault,
  );
  if (error instanceof OrchestratorError) return error;
  throw new Error('did not fail as an OrchestratorError', { cause: error });
};

const all = async <Item>(items: AsyncIterable<Item>): Promise<Item[]> => {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const fast = { baseMs: 1, capMs: 2, most: 3, silenceMs: 5_000 };
const problem = JSON.stringify({
  code: 'queue_full',
  detail: 'the topic a is full',
  problems: [{ field: 'topic', message: 'is full', limit: 5, value: 'a' }],
});

describe('errors', () => {
  it('says that nothing answers, where, and with which fault', async () => {
    const server = await startScripted(answer(200, 'application/json', '{}'));
    await server.close();
    const error = await failure(createClient({ server: server.url }).installation());
    expect(error.code).toBe('server_unreachable');
    expect(error.message).toContain(server.url);
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('rebuilds the error that the server sent, with its problems', async () => {
    const server = await serve(answer(429, 'application/problem+json', problem));
    const error = await failure(createClient({ server: server.url }).submitJobs({ image: 'a' }));
    expect(error).toMatchObject({ code: 'queue_full', message: 'the topic a is full' });
    expect(error.problems).toEqual([{ field: 'topic', message: 'is full', limit: 5, value: 'a' }]);
  });

  it('turns a code of a newer server into internal, and names it', async () => {
    const body = JSON.stringify({ code: 'brand_new', detail: 'what is this', requestId: 'r-1' });
    const server = await serve(answer(418, 'application/problem+json', body));
    const error = await failure(createClient({ server: server.url }).getJob('abcd'));
    expect(error).toMatchObject({ code: 'internal', message: 'brand_new: what is this (request r-1)' });
  });

  it.each([
    [502, 'text/html'],
    [200, 'text/html'],
    [200, ''],
  ])('knows a server that is no Job Orchestrator by status %i and type %j', async (status, type) => {
    const server = await serve(answer(status, type, '<html>'));
    const error = await failure(createClient({ server: server.url }).getJob('abcd'));
    expect(error.code).toBe('server_unreachable');
    expect(error.message).toContain('no Job Orchestrator');
  });

  it('gives a silent server up after the time limit', async () => {
    const server = await serve(() => undefined);
    const error = await failure(createClient({ server: server.url, timeoutMs: 50 }).getJob('abcd'));
    expect(error).toMatchObject({ code: 'server_unreachable' });
    expect(error.message).toContain('within 0.05 s');
  });

  it('tells of a server that takes long, once for each request, and of no other', async () => {
    const told: string[] = [];
    const server = await serve(() => undefined, answer(200, 'application/json', '{}'));
    const slow = { afterMs: 10, tell: () => void told.push('slow') };
    await failure(createClient({ server: server.url, timeoutMs: 60, slow }).getJob('abcd'));
    await createClient({ server: server.url, slow: { ...slow, afterMs: 20_000 } }).getJob('abcd');
    expect(told).toEqual(['slow']);
  });

  it("rejects with the reason of the caller's signal", async () => {
    const server = await serve(() => undefined);
    const reason = new Error('enough');
    const stop = new AbortController();
    const call = createClient({ server: server.url }).getJob('abcd', { signal: stop.signal });
    stop.abort(reason);
    await expect(call).rejects.toBe(reason);
  });

  it('never follows a redirect, which would carry the token elsewhere', async () => {
    const elsewhere = await serve(answer(200, 'application/json', '{}'));
    const server = await serve((_request, response) =>
      response.writeHead(307, { location: `${elsewhere.url}/api/v1/installation` }).end(),
    );
    const error = await failure(createClient({ server: server.url, token: 'secret' }).installation());
    expect(error.code).toBe('server_unreachable');
    expect(elsewhere.seen).toEqual([]);
  });
});

describe('requests', () => {
  it.each(['', '.', '..'])('refuses the selector %j, which would lead to another route', async (selector) => {
    const server = await serve(answer(200, 'application/json', '{}'));
    const error = await failure(createClient({ server: server.url }).getJob(selector));
    expect(error.code).toBe('invalid_input');
    expect(server.seen).toEqual([]);
  });

  it('encodes selectors once', async () => {
    const server = await serve(answer(200, 'application/json', '{}'));
    await createClient({ server: `${server.url}/` }).getJob('@latest/../x%2F');
    expect(server.seen).toEqual(['GET /api/v1/jobs/%40latest%2F..%2Fx%252F']);
  });

  it('refuses a body over the limit before it sends anything', async () => {
    const server = await serve(answer(201, 'application/json', '{}'));
    const job = { image: 'a', env: { A: 'x'.repeat(limits.bodyBytes) } };
    const error = await failure(createClient({ server: server.url }).submitJobs(job));
    expect(error.code).toBe('body_too_large');
    expect(server.seen).toEqual([]);
  });

  it('sends token, key and body', async () => {
    let received: IncomingMessage | undefined;
    const server = await serve((request, response) => {
      received = request;
      request.resume();
      answer(201, 'application/json', '{"jobs":[]}')(request, response);
    });
    await createClient({ server: server.url, token: 't' }).submitJobs([{ image: 'a' }], {
      idempotencyKey: 'k',
    });
    expect(received?.headers).toMatchObject({
      authorization: 'Bearer t',
      'idempotency-key': 'k',
      'content-type': 'application/json',
    });
  });

  it('writes every filter of a list', async () => {
    const server = await serve(answer(200, 'application/json', '{"items":[],"next":null}'));
    const labels = { team: 'a&b', 'x/y': 'c' };
    await createClient({ server: server.url }).listJobs({ states: ['failed', 'running'], labels, limit: 5 });
    expect(server.seen[0]).toBe(
      'GET /api/v1/jobs?limit=5&state=failed%2Crunning&label=team%3Da%26b&label=x%2Fy%3Dc',
    );
  });

  it('reads what is not ready as an answer', async () => {
    const server = await serve(answer(503, 'application/json', '{"ready":false}'));
    expect(await createClient({ server: server.url }).readyz()).toEqual({ ready: false });
  });
});

describe('streams', () => {
  const text = (id: string, words: string): string => `id: ${id}\nevent: text\ndata: {"text":"${words}"}\n\n`;
  const end =
    'event: end\ndata: {"state":"completed","attempt":1,"attemptState":"succeeded","exitCode":0}\n\n';

  it('goes on after the last event that arrived where the connection broke', async () => {
    const asked: (string | undefined)[] = [];
    const noting =
      (next: Handler): Handler =>
      (request, response) => {
        asked.push(request.headers['last-event-id'] as string | undefined);
        next(request, response);
      };
    const server = await serve(
      noting(events(`${text('1:3', 'one')}id: 1:9\nevent: text\ndata: {"te`, 'break')),
      noting(events(': nothing yet\n\n', 'end')),
      noting(answer(503, 'application/problem+json', '{"code":"database_unavailable","detail":"restart"}')),
      noting(events(text('1:6', 'two') + end, 'end')),
    );
    const client = createClient({ server: server.url, reconnect: fast });
    expect(await all(client.followLog('abcd'))).toEqual([
      { kind: 'text', text: 'one' },
      { kind: 'text', text: 'two' },
      { kind: 'end', state: 'completed', attempt: 1, attemptState: 'succeeded', exitCode: 0 },
    ]);
    expect(asked).toEqual([undefined, '1:3', '1:3', '1:3']);
  });

  it('gives up after so many vain connections in a row', async () => {
    const server = await serve(events('', 'break'));
    let gone = 0;
    const client = createClient({ server: server.url, reconnect: fast });
    const error = await failure(all(client.followLog('abcd', { onGone: () => void (gone += 1) })));
    expect(gone).toBe(1);
    expect(error.code).toBe('server_unreachable');
    expect(server.seen.length).toBe(fast.most + 1);
  });

  it('throws a refusal at once', async () => {
    const gone = answer(404, 'application/problem+json', '{"code":"job_not_found","detail":"gone"}');
    const server = await serve(events(text('1:3', 'one'), 'break'), gone);
    const error = await failure(all(createClient({ server: server.url, reconnect: fast }).followLog('abcd')));
    expect(error).toMatchObject({ code: 'job_not_found', message: 'gone' });
    expect(server.seen.length).toBe(2);
  });

  it('takes a silent connection for dead', async () => {
    const server = await serve(events(text('1:3', 'one'), 'silence'), events(end, 'end'));
    const client = createClient({ server: server.url, reconnect: { ...fast, silenceMs: 50 } });
    expect((await all(client.followLog('abcd'))).map((message) => message.kind)).toEqual(['text', 'end']);
  });

  it('passes over kinds of a newer server', async () => {
    const server = await serve(events(`event: news\ndata: {}\n\n${end}`, 'end'));
    const client = createClient({ server: server.url, reconnect: fast });
    expect((await all(client.followLog('abcd'))).map((message) => message.kind)).toEqual(['end']);
  });

  it('closes the connection when its reader leaves', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const server = await serve((request, response) => {
      closed = once(response, 'close');
      events(text('1:3', 'one'), 'silence')(request, response);
    });
    for await (const message of createClient({ server: server.url }).followLog('abcd')) {
      expect(message.kind).toBe('text');
      break;
    }
    await closed;
  });

  it('ends with the reason of its signal, also between two connections', async () => {
    const server = await serve(events('', 'break'));
    const stop = new AbortController();
    const rule = { baseMs: 60_000, capMs: 60_000, most: 3, silenceMs: 60_000 };
    const reading = all(
      createClient({ server: server.url, reconnect: rule }).followEvents('abcd', { signal: stop.signal }),
    );
    const reason = new Error('enough');
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('ends a story at its end, which is no event of the job', async () => {
    const event = 'id: 1\nevent: completed\ndata: {"seq":1}\n\n';
    const server = await serve(events(`${event}event: end\ndata: {"state":"completed"}\n\n`, 'end'));
    const client = createClient({ server: server.url, reconnect: fast });
    expect(await all(client.followEvents('abcd', { after: 0 }))).toEqual([{ seq: 1 }]);
    expect(server.seen).toEqual(['GET /api/v1/jobs/abcd/events?after=0&follow=true']);
  });
});
