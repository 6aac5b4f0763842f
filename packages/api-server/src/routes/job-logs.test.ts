import type { LogMessage } from '@job-orchestrator/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { makeGate } from '../testing/gate.ts';
import { startProcessRunner, type ProcessRunner } from '../testing/process-runner.ts';
import { send } from '../testing/raw-request.ts';
import { read } from '../testing/reading.ts';

let api: Api;
let runner: ProcessRunner;
let live: Awaited<ReturnType<Api['serve']>>;
beforeAll(async () => {
  api = await startApi();
  runner = await startProcessRunner(api.installation);
  live = await api.serve({ logs: runner.logs });
});
afterAll(async () => {
  await api.close();
  await runner.close();
});

const submit = async (script = 'true'): Promise<string> => {
  const { jobs } = await api.client.submitJobs({ image: 'shell', command: ['/bin/sh', '-c', script] });
  return jobs[0]!.id;
};
const textOf = (messages: readonly LogMessage[]): string =>
  messages.map((message) => (message.kind === 'text' ? message.text : '')).join('');
const kindsOf = (messages: readonly LogMessage[]): string[] => [
  ...new Set(messages.map((message) => message.kind)),
];

let gates = 0;
const gate = () => makeGate(runner.folder, `gate-${(gates += 1)}`);

describe('following a log', () => {
  it('waits for the job to start, tells what it writes as it writes, and says the end', async () => {
    const door = gate();
    const id = await submit(`echo one; ${door.wait}; echo two; exit 3`);
    const reading = read(live.client.followLog(id));
    const running = await runner.start(api.driver, id);
    await reading.until((messages) => textOf(messages) === 'one\n');
    await door.open();
    await runner.finish(api.driver, running);
    const told = await reading.all;
    expect(kindsOf(told)).toEqual(['attempt', 'text', 'end']);
    expect(textOf(told)).toBe('one\ntwo\n');
    expect(told.at(-1)).toEqual({
      kind: 'end',
      state: 'failed',
      attempt: 1,
      attemptState: 'failed',
      exitCode: 3,
    });
  });

  it('goes on with the next attempt after a retry, and says so', async () => {
    const id = await submit('echo "attempt $JOB_ORCHESTRATOR_ATTEMPT"; exit 1');
    const reading = read(live.client.followLog(id));
    const all: string[] = [];
    for (const retry of ['retry', undefined] as const) {
      await runner.finish(api.driver, await runner.start(api.driver, id), retry);
      all.push(`attempt ${all.length + 1}`);
    }
    const told = await reading.all;
    expect(told.map((message) => (message.kind === 'attempt' ? message.attempt : message.kind))).toEqual([
      1,
      'text',
      2,
      'text',
      'end',
    ]);
    expect(textOf(told).trim().split('\n')).toEqual(all);
  });

  it('of one attempt ends with that attempt', async () => {
    const id = await submit('echo hello; exit 1');
    await runner.finish(api.driver, await runner.start(api.driver, id), 'retry');
    const told = await read(live.client.followLog(id, { attempt: 1 })).all;
    expect(textOf(told)).toBe('hello\n');
    expect(told.at(-1)).toMatchObject({ kind: 'end', attempt: 1, attemptState: 'failed', exitCode: 1 });
    await api.client.cancelJob(id);
  });

  it('never splits a code point, and replaces what is no UTF-8', async () => {
    const door = gate();
    const id = await submit(`printf 'a\\342\\202'; ${door.wait}; printf '\\254b\\377c\\342'`);
    const reading = read(live.client.followLog(id));
    const running = await runner.start(api.driver, id);
    await reading.until((messages) => textOf(messages) === 'a');
    await door.open();
    await runner.finish(api.driver, running);
    expect(textOf(await reading.all)).toBe('a€b\uFFFDc\uFFFD');
  });

  it('goes on at the next byte on another server, when the one it was read from closes', async () => {
    const first = await api.serve({ logs: runner.logs });
    const [one, two] = [gate(), gate()];
    const id = await submit(`printf 'ä1 \\303'; ${one.wait}; printf '\\2442 '; ${two.wait}; printf 'ä3'`);
    const reading = read(first.client.followLog(id));
    const running = await runner.start(api.driver, id);
    await reading.until((messages) => textOf(messages) === 'ä1 ');
    await first.close();
    await one.open();
    await api.serve({ logs: runner.logs }, Number(new URL(first.url).port));
    await reading.until((messages) => textOf(messages) === 'ä1 ä2 ');
    await two.open();
    await runner.finish(api.driver, running);
    const told = await reading.all;
    expect(textOf(told)).toBe('ä1 ä2 ä3');
    expect(told.filter((message) => message.kind === 'attempt').length).toBe(1);
  });

  it('begins at a tail of what there is, at a whole code point', async () => {
    const door = gate();
    const id = await submit(`printf 'first ääää'; ${door.wait}; printf ' last'`);
    const running = await runner.start(api.driver, id);
    const whole = read(live.client.followLog(id));
    await whole.until((messages) => textOf(messages) === 'first ääää');
    const reading = read(live.client.followLog(id, { tail: 5 }));
    await reading.until((messages) => textOf(messages) === 'ää');
    await door.open();
    await runner.finish(api.driver, running);
    expect(textOf(await reading.all)).toBe('ää last');
    expect(textOf(await whole.all)).toBe('first ääää last');
  });

  it('of a job that is cancelled while it waits ends without an attempt', async () => {
    const id = await submit();
    const reading = read(live.client.followLog(id));
    await api.client.cancelJob(id);
    expect(await reading.all).toEqual([
      { kind: 'end', state: 'cancelled', attempt: 0, attemptState: null, exitCode: null },
    ]);
  });

  it('tells the stored end where this process cannot reach the runtime', async () => {
    const id = await submit();
    const reading = read(api.client.followLog(id));
    const attempt = await api.driver.start(id);
    await reading.until((messages) => messages.length === 1);
    await api.driver.end(attempt, 0, 'only the end\n');
    expect(textOf(await reading.all)).toBe('only the end\n');
  });

  it('says how many bytes were not kept', async () => {
    const id = await submit();
    await api.driver.end(await api.driver.start(id), 0, {
      bytes: Buffer.from('\xA4 end', 'latin1'),
      totalBytes: 1_000,
      extent: 'exact',
    });
    const told = await read(live.client.followLog(id)).all;
    expect(told.slice(1, -1)).toEqual([
      { kind: 'gap', bytes: 995 },
      { kind: 'text', text: ' end' },
    ]);
    expect(textOf(await read(live.client.followLog(id, { tail: 3 })).all)).toBe('end');
  });

  it('says that more may be missing where nobody counted it, and where the end could not be read', async () => {
    const id = await submit();
    const uncounted = { bytes: Buffer.from(' end'), totalBytes: 1_000, extent: 'at_least' } as const;
    await api.driver.end(await api.driver.start(id), 1, uncounted, 'retry');
    const unread = { bytes: Buffer.from('begin'), totalBytes: 5, extent: 'end_missing' } as const;
    await api.driver.end(await api.driver.start(id), 0, unread);
    expect((await read(live.client.followLog(id, { attempt: 1 })).all).slice(1, -1)).toEqual([
      { kind: 'gap', bytes: 996, atLeast: true },
      { kind: 'text', text: ' end' },
    ]);
    expect((await read(live.client.followLog(id, { attempt: 2 })).all).slice(1, -1)).toEqual([
      { kind: 'gap', bytes: null },
      { kind: 'text', text: 'begin' },
      { kind: 'gap', bytes: null },
    ]);
    expect(await live.client.readLog(id)).toMatchObject({ truncated: true, extent: 'end_missing' });
  });
});

describe('reading a log', () => {
  it('gives all that a running program wrote so far, or its end', async () => {
    const door = gate();
    const id = await submit(`echo one; echo two; ${door.wait}`);
    const running = await runner.start(api.driver, id);
    const reading = read(live.client.followLog(id));
    await reading.until((messages) => textOf(messages) === 'one\ntwo\n');
    expect(await live.client.readLog(id)).toEqual({
      text: 'one\ntwo\n',
      attempt: 1,
      truncated: false,
      skipped: 0,
      extent: 'exact',
    });
    expect(await live.client.readLog(id, { tail: 4 })).toEqual({
      text: 'two\n',
      attempt: 1,
      truncated: true,
      skipped: 4,
      extent: 'exact',
    });
    expect(await api.client.readLog(id)).toEqual({
      text: '',
      attempt: 1,
      truncated: false,
      skipped: 0,
      extent: 'exact',
    });
    await door.open();
    await runner.finish(api.driver, running);
    await reading.all;
    for (const client of [api.client, live.client])
      expect(await client.readLog(id)).toEqual({
        text: 'one\ntwo\n',
        attempt: 1,
        truncated: false,
        skipped: 0,
        extent: 'exact',
      });
  });

  it('gives the stored end of an ended attempt, as bytes that no browser runs', async () => {
    const id = await submit();
    await api.driver.end(await api.driver.start(id), 0, {
      bytes: Buffer.from('<script>'),
      totalBytes: 100,
      extent: 'at_least',
    });
    const answer = await send(api.url, { path: `/api/v1/jobs/${id}/logs` });
    expect(answer).toMatchObject({
      status: 200,
      text: '<script>',
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'x-log-attempt': '1',
        'x-log-truncated': 'true',
        'x-log-skipped': '92',
        'x-log-extent': 'at_least',
      },
    });
    expect(await api.client.readLog(id, { tail: 3 })).toMatchObject({ text: 'pt>', truncated: true });
  });

  it('knows each attempt, and says which do not exist', async () => {
    const id = await submit();
    await api.driver.end(await api.driver.start(id), 1, 'first', 'retry');
    await api.driver.end(await api.driver.start(id), 0, 'second');
    expect(await api.client.readLog(id, { attempt: 1 })).toMatchObject({ text: 'first', attempt: 1 });
    expect(await api.client.readLog(id)).toMatchObject({ text: 'second', attempt: 2 });
    const error = await failure(api.client.readLog(id, { attempt: 3 }));
    expect(error).toMatchObject({
      code: 'attempt_not_found',
      problems: [{ field: 'attempt', limit: '1 to 2', value: '3' }],
    });
    const following = read(api.client.followLog(id, { attempt: 3 })).all;
    expect((await failure(following)).code).toBe('attempt_not_found');
  });

  it('says that there is none where nothing started, or nothing was stored', async () => {
    const id = await submit();
    expect((await failure(api.client.readLog(id))).code).toBe('log_not_found');
    await api.driver.end(await api.driver.start(id), 0);
    expect((await failure(api.client.readLog(id))).code).toBe('log_not_found');
  });
});
