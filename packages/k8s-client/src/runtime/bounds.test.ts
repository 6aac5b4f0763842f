import { attemptId } from '@job-orchestrator/types';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { createApiClient } from '../http/api-client.ts';
import { pathsOf } from '../http/paths.ts';
import { createLogCaptures } from '../logs/captures.ts';
import { systemClock } from '../system-clock.ts';
import { startFakeApiServer } from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { jsonLines } from '../watch/json-lines.ts';
import { decodePod } from '../observe/decode.ts';
import { createAttemptStore } from './attempt-store.ts';
import { createQuarantine } from './quarantine.ts';

const launch = exampleLaunch();

test('a thousand objects that cannot be read are told of, and no more are remembered', () => {
  const quarantine = createQuarantine(silentLog, () => undefined);
  for (let number = 0; number < 1_100; number += 1)
    quarantine.around('Pod', { metadata: { uid: `uid-${number}`, name: 'p' } }, () => {
      throw new Error('odd');
    });
  expect(quarantine.list()).toHaveLength(1_000);
  quarantine.forget('Pod', 'uid-0');
  expect(quarantine.uids('Pod')).toHaveLength(999);
});

test('of warnings the newest 10,000 are remembered', () => {
  const store = createAttemptStore(systemClock, () => undefined);
  const warn = (aboutUid: string, reason: string): void =>
    store.putEvent({ aboutUid, aboutName: 'p', reason, message: 'm' });
  const [first, last] = ['first', 'last'].map((uid) => decodePod(podObject({}, { uid })));
  warn('first', 'Old');
  for (let number = 0; number < 10_000; number += 1) warn(`other-${number}`, 'FailedMount');
  store.putPod(first!);
  expect(store.view(launch.attemptId).podEvent).toBeNull();
  store.putPod(last!);
  warn('last', 'New');
  expect(store.view(launch.attemptId).podEvent).toMatchObject({ reason: 'New' });
});

test('a line of a watch that does not end is given up, and not gathered for ever', async () => {
  let sent = 0;
  const endless = Readable.from(
    (function* () {
      for (; sent < 64; sent += 1) yield Buffer.alloc(1_048_576, 'x');
    })(),
  );
  const read = async (): Promise<void> => {
    for await (const _ of jsonLines(endless, () => undefined)) throw new Error('no line has ended');
  };
  await expect(read()).rejects.toThrow('more than 8388608 characters');
  expect(sent).toBeLessThan(32);
});

test('a mass cancel follows 64 logs at once, and the others are stopped without waiting for theirs', async () => {
  const server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const api = createApiClient({ credentials, rate: { perSecond: 1_000, burst: 1_000 } });
  const isLog = ({ path }: { readonly path: string }): boolean => path.endsWith('/log');
  server.fail(isLog, { kind: 'silence' });
  const captures = createLogCaptures(api, pathsOf('n'), systemClock, () => Promise.resolve('pod'));
  const refs = Array.from({ length: 100 }, (_, number) => {
    const end = String(number).padStart(12, '0');
    return { ...launch, attemptId: attemptId(`0190a000-2222-4000-8000-${end}`) };
  });
  await Promise.all(refs.map((ref) => captures.begin(ref)));
  expect(server.requests.filter(isLog)).toHaveLength(64);
  captures.close();
  await api.close();
  await server.close();
});
