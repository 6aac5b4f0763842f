import { createClient, type RunMessage } from '@job-orchestrator/client';
import type { DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import { DagRunSchema, NodeRunSchema, RunEndSchema, type NodeRunDto } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, testToken, type Api } from '../testing/api-fixture.ts';
import { endNode, jobOfNode, keyOf, nodesOf, startOrchestrator, startRunOf } from '../testing/dag-fixture.ts';
import { failure } from '../testing/failure.ts';
import { send } from '../testing/raw-request.ts';
import { read } from '../testing/reading.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
let orchestrator: DagOrchestrator;
beforeAll(async () => {
  api = await startApi();
  orchestrator = startOrchestrator(api);
});
afterAll(async () => {
  await orchestrator.stop();
  await api.close();
});

/** The picture that a reader has after these messages. */
const picture = (messages: readonly RunMessage[]): Map<string, NodeRunDto> => {
  const nodes = new Map<string, NodeRunDto>();
  for (const message of messages) if (message.kind === 'node') nodes.set(keyOf(message.node), message.node);
  return nodes;
};

const statesOf = (messages: readonly RunMessage[], name: string): string[] =>
  messages.flatMap((message) =>
    message.kind === 'node' && keyOf(message.node) === name
      ? [`${message.node.state} ${message.node.jobState ?? ''}`.trim()]
      : [],
  );

const isIn = (messages: readonly RunMessage[], name: string, state: string): boolean =>
  picture(messages).get(name)?.state === state;

const chain = { a: {}, b: { needs: ['a'] } };

describe('a followed run', () => {
  it('is told as it stands, then change by change, to its end', async () => {
    const run = await startRunOf(api, 'told', chain);
    const reading = read(api.client.followDagRun(run));
    await reading.until((messages) => isIn(messages, 'a', 'running'));
    const attempt = await api.driver.start(await jobOfNode(api, run, 'a'));
    await reading.until((messages) => picture(messages).get('a')?.jobState === 'running');
    await api.driver.end(attempt, 75, 'no luck', 'retry');
    await reading.until((messages) => picture(messages).get('a')?.jobState !== 'running');
    await endNode(api, run, 'a');
    await endNode(api, run, 'b');
    const told = await reading.all;
    expect(told.at(-1)).toEqual({ kind: 'end', state: 'completed' });
    expect(told.at(-2)).toMatchObject({ kind: 'run', run: { state: 'completed', open: 0 } });
    expect(picture(told)).toEqual(await nodesOf(api, run));
    expect(picture(told).get('a')).toMatchObject({ state: 'completed', attempt: 2, jobState: 'completed' });
    expect(statesOf(told, 'b')[0]).toBe('waiting');
    for (const message of told) {
      if (message.kind === 'node') expectShape(NodeRunSchema, message.node);
      if (message.kind === 'run') expectShape(DagRunSchema, message.run);
      if (message.kind === 'end') expectShape(RunEndSchema, { state: message.state });
    }
  });

  it('tells nothing twice to a reader that stayed', async () => {
    const run = await startRunOf(api, 'once', chain);
    const reading = read(api.client.followDagRun(run));
    await endNode(api, run, 'a');
    await endNode(api, run, 'b');
    const told = (await reading.all).filter(({ kind }) => kind === 'node').map((one) => JSON.stringify(one));
    expect(new Set(told).size).toBe(told.length);
  });

  it('tells all of an ended run at once', async () => {
    const run = await startRunOf(api, 'ended', chain);
    await endNode(api, run, 'a', 3);
    await read(api.client.followDagRun(run)).all;
    const told = await read(api.client.followDagRun(run)).all;
    expect(told.map(({ kind }) => kind)).toEqual(['node', 'node', 'run', 'end']);
    expect(picture(told).get('b')).toMatchObject({ state: 'skipped', reason: 'upstream_failed' });
  });

  it('tells items of forEach from their start on, and their counts with the node', async () => {
    const items = Array.from({ length: 30 }, (_, n) => n);
    const run = await startRunOf(api, 'items', { each: { forEach: items, maxParallel: 2 } });
    const reading = read(api.client.followDagRun(run));
    await reading.until((messages) => isIn(messages, 'each[1]', 'running'));
    expect(picture(reading.items).has('each[2]')).toBe(false);
    for (const item of items) await endNode(api, run, `each[${item}]`);
    const told = await reading.all;
    expect(picture(told)).toEqual(await nodesOf(api, run));
    expect(picture(told).get('each')).toMatchObject({ items: { total: 30, completed: 30 } });
  });

  it('goes on at the next server when the one it was read from closes, and the picture is whole', async () => {
    const first = await api.serve();
    const wide = Object.fromEntries(Array.from({ length: 700 }, (_, n) => [`n${n}`, {}]));
    const run = await startRunOf(api, 'moved', { ...wide, last: { needs: ['n0', 'n699'] } });
    const patient = { baseMs: 50, capMs: 500, most: 100 };
    const client = createClient({ server: first.url, token: testToken, reconnect: patient });
    const reading = read(client.followDagRun(run));
    await reading.until((messages) => isIn(messages, 'n699', 'running'));
    await endNode(api, run, 'n0');
    await first.close();
    const rest = Array.from({ length: 699 }, (_, n) => n + 1);
    const jobs = await nodesOf(api, run);
    for (const n of rest) {
      const attempt = await api.driver.claim(jobs.get(`n${n}`)!.jobId!);
      await api.driver.end(attempt, n % 7 === 0 ? 1 : 0);
      if (n === 350) await api.serve({}, Number(new URL(first.url).port));
    }
    await endNode(api, run, 'last');
    expect(picture(await reading.all)).toEqual(await nodesOf(api, run));
  }, 60_000);

  it('goes on by Last-Event-ID: what has waited since is not told again, what is out is', async () => {
    const run = await startRunOf(api, 'resumed', { ...chain, c: { needs: ['b'] } });
    await endNode(api, run, 'a');
    await jobOfNode(api, run, 'b');
    const path = `/api/v1/dag-runs/${run}/events`;
    const answering = send(api.url, { path, headers: { 'last-event-id': String(Date.now()) } });
    await endNode(api, run, 'b');
    await endNode(api, run, 'c');
    const { text, headers } = await answering;
    expect(headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(text).not.toContain('"state":"waiting"');
    expect(text).toMatch(/"name":"b"[^]*\nid: \d+\nevent: run\n[^]*"name":"c"/);
    expect(text).toMatch(/event: end\ndata: {"state":"completed"}\n\n$/);
  });

  it('is found by polling where wake-ups are lost', async () => {
    const { wakeUps } = api.database;
    const deaf = { ...api.database, wakeUps: { send: wakeUps.send, subscribe: () => () => undefined } };
    const server = await api.serve({ database: deaf });
    const run = await startRunOf(api, 'deaf', { a: {} });
    const reading = read(server.client.followDagRun(run));
    await endNode(api, run, 'a');
    expect((await reading.all).at(-1)).toEqual({ kind: 'end', state: 'completed' });
  });

  it('keeps its connection alive with comments while nothing happens', async () => {
    const server = await api.serve({ timings: { keepAliveMs: 5 } });
    const run = await startRunOf(api, 'alive', { a: {} });
    const response = await fetch(`${server.url}/api/v1/dag-runs/${run}/events`, {
      headers: { authorization: `Bearer ${testToken}` },
    });
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of response.body!) {
      text += decoder.decode(bytes, { stream: true });
      if (/event: node[^]*(:\n\n){3}/.test(text)) break;
    }
    expect(text).toMatch(/event: run\n[^]*:\n\n$/);
    await api.client.cancelDagRun(run);
  });

  it('refuses a run that is not there, and an id that is none of its', async () => {
    const missing = await failure(read(api.client.followDagRun('ffffffff')).all);
    expect(missing).toMatchObject({ code: 'dag_run_not_found', status: 404 });
    const run = await startRunOf(api, 'refused', { a: {} });
    const path = `/api/v1/dag-runs/${run}/events`;
    const wrong = await send(api.url, { path, headers: { 'last-event-id': '3:5' } });
    expect([wrong.status, wrong.json['code']]).toEqual([400, 'bad_cursor']);
    expect((await send(api.url, { path, headers: { authorization: undefined } })).status).toBe(401);
    await api.client.cancelDagRun(run);
  });
});
