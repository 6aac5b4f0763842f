import type { Clock, LogTail } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { pathsOf } from '../http/paths.ts';
import { systemClock } from '../system-clock.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { readLogTail } from './log-tail.ts';

let server: FakeApiServer;
let api: ApiClient;
beforeEach(async () => {
  server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  api = createApiClient({
    credentials: { server: server.url, source: 'test', identity, invalidate: () => undefined },
  });
});
afterEach(async () => {
  await api.close();
  await server.close();
});

const tailOf = (log: string, maxBytes: number): Promise<LogTail | null> => {
  server.logs.set('p', log);
  return readLogTail({ api, paths: pathsOf('n'), clock: systemClock, pod: 'p' }, maxBytes);
};
const textOf = (tail: LogTail | null): string => Buffer.from(tail?.bytes ?? []).toString();

test('the end of a long log of short lines, and the least that it had', async () => {
  const tail = await tailOf(`${'x'.repeat(99)}\n`.repeat(60_000) + 'the end\n', 8);
  expect(textOf(tail)).toBe('the end\n');
  expect(tail?.totalBytes).toBeGreaterThanOrEqual(4_194_304);
});

test.each([2_001, 10_000, 600_000])(
  'of %i short lines as many bytes are kept as of long ones',
  async (lines) => {
    const all = Array.from({ length: lines }, (_, at) => `${at}\n`).join('');
    const tail = await tailOf(all, 65_536);
    expect(textOf(tail)).toBe(all.slice(-65_536));
    expect(tail).toMatchObject(
      all.length <= 65_536
        ? { totalBytes: all.length, extent: 'exact' }
        : { totalBytes: Math.min(all.length, 4_194_304), extent: 'at_least' },
    );
  },
);

test('the end of a long log of long lines', async () => {
  expect(textOf(await tailOf(`${'x'.repeat(8_191)}\n`.repeat(2_500) + 'the end\n', 8))).toBe('the end\n');
});

test('a stream that breaks is read again, shorter', async () => {
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'lose_answer' }, 1);
  expect(textOf(await tailOf(`${'x'.repeat(99)}\n`.repeat(1_000) + 'the end\n', 8))).toBe('the end\n');
});

test('a log of more lines than could be read is never told as whole', async () => {
  const isFirst = (tailLines: string | null) => tailLines === '2000';
  server.fail(({ parameters }) => !isFirst(parameters.get('tailLines')), { kind: 'lose_answer' });
  expect(await tailOf('1\n'.repeat(2_500), 65_536)).toMatchObject({ totalBytes: 4_000, extent: 'at_least' });
});

test('a log that is kept whole is exact; of a longer one Kubernetes does not tell what it rotated', async () => {
  expect(await tailOf('all\n', 8)).toEqual({
    bytes: new Uint8Array(Buffer.from('all\n')),
    totalBytes: 4,
    extent: 'exact',
  });
  expect(await tailOf('more than 8\n', 8)).toMatchObject({ totalBytes: 12, extent: 'at_least' });
});

test('a log whose stream breaks again and again says that its end is missing', async () => {
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'lose_answer' });
  expect(await tailOf('0123456789', 8)).toEqual({
    bytes: new Uint8Array(Buffer.from('01234')),
    totalBytes: 5,
    extent: 'end_missing',
  });
});

/** Reads a log whose first looks Kubernetes answers with an error; tells it, how often it was asked for, and the waits between. */
const readPastFaults = async (times: number) => {
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'answer', status: 500 }, times);
  server.logs.set('p', 'all\n');
  const waited: number[] = [];
  const clock: Clock = {
    ...systemClock,
    setTimer: (ms, act) => {
      if (ms !== 1_000) return systemClock.setTimer(ms, act);
      waited.push(ms);
      return systemClock.setTimer(0, act);
    },
  };
  const tail = await readLogTail({ api, paths: pathsOf('n'), clock, pod: 'p' }, 8);
  return { tail, asked: server.requests.length, waited };
};

test('a log that Kubernetes cannot read now is asked for once more a second later', async () => {
  const { tail, ...once } = await readPastFaults(1);
  expect([textOf(tail), once]).toEqual(['all\n', { asked: 2, waited: [1_000] }]);
});

test('a log that Kubernetes cannot read a second later either says that its end is missing', async () => {
  expect(await readPastFaults(Infinity)).toEqual({
    tail: { bytes: new Uint8Array(0), totalBytes: 0, extent: 'end_missing' },
    asked: 2,
    waited: [1_000],
  });
});

test('a log whose server is silent says that its end is missing, before the executor gives up', async () => {
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'silence' });
  const waited: number[] = [];
  const hasty: Clock = {
    ...systemClock,
    setTimer: (ms, act) => {
      waited.push(ms);
      return systemClock.setTimer(20, act);
    },
  };
  const tail = await readLogTail({ api, paths: pathsOf('n'), clock: hasty, pod: 'p' }, 8);
  expect(tail).toMatchObject({ totalBytes: 0, extent: 'end_missing' });
  expect(waited.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(20_000);
});

test('no log is no log', async () => {
  expect(await readLogTail({ api, paths: pathsOf('n'), clock: systemClock, pod: 'none' }, 8)).toBeNull();
});

test('a log that we may not read says so in its place, and which right is missing', async () => {
  const message =
    'pods "p" is forbidden: User "executor" cannot get resource "pods/log" in the namespace "n"';
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'answer', status: 403, message });
  const tail = await tailOf('never seen\n', 1_000);
  expect(textOf(tail)).toContain('does not grant "get" on "pods/log"');
  expect(textOf(tail)).toContain(message);
  expect(tail?.extent).toBe('end_missing');
});
