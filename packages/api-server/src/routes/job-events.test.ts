import { EventListSchema, type EventDto } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { send } from '../testing/raw-request.ts';
import { read } from '../testing/reading.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const submit = async (): Promise<string> => (await api.client.submitJobs({ image: 'shell' })).jobs[0]!.id;
const kinds = (events: readonly EventDto[]): string[] => events.map((event) => event.kind);

describe('the story of a job', () => {
  it('is told from its first line to its last, then ends', async () => {
    const id = await submit();
    const reading = read(api.client.followEvents(id));
    await reading.until((events) => events.length === 1);
    const attempt = await api.driver.start(id);
    await reading.until((events) => kinds(events).includes('started'));
    await api.driver.end(attempt, 0);
    const told = await reading.all;
    expect(kinds(told)).toEqual(['submitted', 'claimed', 'launched', 'started', 'completed']);
    expect(told.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    const { items } = await api.client.listEvents(id);
    expect(items).toEqual(told);
    expectShape(EventListSchema, { items });
  });

  it('is told of an ended job at once, from a number on', async () => {
    const id = await submit();
    await api.client.cancelJob(id);
    expect(kinds(await read(api.client.followEvents(id)).all)).toEqual(['submitted', 'cancelled']);
    expect(kinds(await read(api.client.followEvents(id, { after: 1 })).all)).toEqual(['cancelled']);
    expect(await read(api.client.followEvents(id, { after: 99 })).all).toEqual([]);
    expect(kinds((await api.client.listEvents(id, { after: 1 })).items)).toEqual(['cancelled']);
  });

  it('goes on by Last-Event-ID, which counts more than `after`', async () => {
    const id = await submit();
    await api.client.cancelJob(id);
    const path = `/api/v1/jobs/${id}/events?follow=true&after=0`;
    const answer = await send(api.url, { path, headers: { 'last-event-id': '1' } });
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(answer.text.match(/^id: .*$/gm)).toEqual(['id: 2']);
    expect(answer.text).toMatch(/event: end\ndata: {"state":"cancelled"}\n\n$/);
  });

  it('goes on without loss or repetition on the next server, when the one it was read from closes', async () => {
    const first = await api.serve();
    const id = await submit();
    const reading = read(first.client.followEvents(id));
    await reading.until((events) => events.length === 1);
    const attempt = await api.driver.start(id);
    await reading.until((events) => events.length === 4);
    await first.close();
    await api.serve({}, Number(new URL(first.url).port));
    await api.driver.end(attempt, 0);
    expect(kinds(await reading.all)).toEqual(['submitted', 'claimed', 'launched', 'started', 'completed']);
  });

  it('is found by polling where wake-ups are lost', async () => {
    const { wakeUps } = api.database;
    const deaf = { ...api.database, wakeUps: { send: wakeUps.send, subscribe: () => () => undefined } };
    const server = await api.serve({ database: deaf });
    const id = await submit();
    const reading = read(server.client.followEvents(id));
    await reading.until((events) => events.length === 1);
    await api.client.cancelJob(id);
    expect(kinds(await reading.all)).toEqual(['submitted', 'cancelled']);
  });

  it('keeps its connection alive with comments while nothing happens', async () => {
    const server = await api.serve({ timings: { keepAliveMs: 5 } });
    const id = await submit();
    const response = await fetch(`${server.url}/api/v1/jobs/${id}/events?follow=true`, {
      headers: { authorization: 'Bearer the-token-of-this-test' },
    });
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of response.body!) {
      text += decoder.decode(bytes, { stream: true });
      // Comments may come before the first event too, where the database takes its time.
      if (/event: submitted[^]*(:\n\n){3}/.test(text)) break;
    }
    expect(text).toMatch(/event: submitted[^]*(:\n\n){3}/);
  });
});
