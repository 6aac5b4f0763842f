import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Credentials } from '../credentials/credentials.ts';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { systemClock } from '../system-clock.ts';
import { startFakeApiServer, type FakeApiServer, type FakeRequest } from '../testing/fake-api-server.ts';
import { silentLog } from '../testing/silent-log.ts';
import { defaultTiming, startReflector, type Reflector, type ReflectorTiming } from './reflector.ts';
import type { ReflectorTarget } from './relist.ts';

const path = '/apis/batch/v1/namespaces/n/jobs';
// Fast enough for tests, yet slow enough that a hot loop (thousands a second) cannot be mistaken for it.
const timing: ReflectorTiming = { ...defaultTiming, backoff: { baseMs: 20, capMs: 100 }, healthyMs: 50 };

let server: FakeApiServer;
let api: ApiClient;
let reflector: Reflector;
let seen: Map<string, string>;
let identity: () => ReturnType<Credentials['identity']>;
const rejections: unknown[] = [];
const onRejection = (reason: unknown): void => void rejections.push(reason);

interface Shown {
  readonly metadata: { readonly uid: string; readonly name: string };
}
const target = (): ReflectorTarget => ({
  upsert: (object) => void seen.set((object as Shown).metadata.uid, (object as Shown).metadata.name),
  remove: (object) => void seen.delete((object as Shown).metadata.uid),
  known: () => new Set(seen.keys()),
  forget: (uid) => void seen.delete(uid),
  rewind: () => undefined,
});
const start = (own: Partial<ReflectorTiming> = {}, given = target()): void => {
  const common = { api, clock: systemClock, random: Math.random, log: silentLog };
  reflector = startReflector({ ...common, source: { path }, target: given, timing: { ...timing, ...own } });
};
const names = (): string[] => [...seen.values()].toSorted();
const put = (name: string): unknown => server.store.put('jobs', { metadata: { name, labels: {} } });
const isWatch = (request: FakeRequest): boolean => request.parameters.has('watch');
const isList = (request: FakeRequest): boolean => !isWatch(request);
const shows = (...expected: string[]): Promise<void> =>
  server.until(() => names().join() === expected.join());
const watching = (): Promise<void> => server.until(() => server.watches.count() === 1);

beforeEach(async () => {
  process.on('unhandledRejection', onRejection);
  server = await startFakeApiServer();
  seen = new Map();
  identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = {
    server: server.url,
    source: 'test',
    identity: () => identity(),
    invalidate: () => undefined,
  };
  api = createApiClient({ credentials, pools: { requestMs: 1_000 } });
});
afterEach(async () => {
  await reflector.close();
  await api.close();
  await server.close();
  process.off('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
});

/** Whatever went wrong, it goes on afterwards. */
const expectAlive = async (): Promise<void> => {
  await watching();
  put('after-the-fault');
  await server.until(() => names().includes('after-the-fault'));
};

test('lists in pages, never at version 0, then watches from there with bookmarks and a time-out', async () => {
  for (let index = 0; index < 1_001; index += 1) put(`j${index}`);
  start();
  await reflector.synced;
  await watching();
  expect(seen.size).toBe(1_001);
  const lists = server.requests.filter(isList);
  expect(lists.map((request) => request.parameters.get('limit'))).toEqual(['500', '500', '500']);
  expect(lists.every((request) => request.parameters.get('resourceVersion') === null)).toBe(true);
  const watch = server.requests.find(isWatch)?.parameters;
  expect(watch?.get('resourceVersion')).toBe(String(server.store.version()));
  expect(watch?.get('allowWatchBookmarks')).toBe('true');
  expect(Number(watch?.get('timeoutSeconds'))).toBeGreaterThan(200);
});

test('additions, changes and deletions arrive', async () => {
  start();
  await reflector.synced;
  await watching();
  put('a');
  put('b');
  await shows('a', 'b');
  server.store.remove('jobs', 'a');
  await shows('b');
});

test('a clean end goes on where it was, at the version of the last bookmark', async () => {
  start();
  await reflector.synced;
  await watching();
  server.watches.bookmark(5_000);
  server.watches.end('close');
  await server.until(() => server.requests.filter(isWatch).length === 2);
  expect(server.requests.findLast(isWatch)?.parameters.get('resourceVersion')).toBe('5000');
  expect(server.requests.filter(isList)).toHaveLength(1);
});

test('once a list is old enough, a watch that ends well is followed by another list, which finds what no watch told', async () => {
  put('a');
  put('b');
  start({ resyncMs: 0 });
  await shows('a', 'b');
  await watching();
  server.store.removeSilently('jobs', 'a');
  server.watches.end('close');
  await shows('b');
  expect(server.requests.filter(isList).length).toBeGreaterThanOrEqual(2);
});

test('a reset lists again and finds what was missed, a deletion too', async () => {
  put('a');
  put('b');
  start();
  await shows('a', 'b');
  await watching();
  server.store.removeSilently('jobs', 'a');
  server.watches.end('reset');
  await shows('b');
  await expectAlive();
});

test('410 as an event lists again, with the missed deletion', async () => {
  put('a');
  start();
  await shows('a');
  await watching();
  server.store.removeSilently('jobs', 'a');
  server.watches.expire();
  await shows();
  await expectAlive();
});

test.each([410, 429, 500])(
  'an endless %i as status of the watch makes no hot loop, and ends with it',
  async (status) => {
    const end = server.fail(isWatch, { kind: 'answer', status });
    start();
    await server.until(() => server.requests.filter(isWatch).length >= 4);
    const [first, last] = [server.requests[0]?.atMs ?? 0, server.requests.at(-1)?.atMs ?? 0];
    // Four failures wait at least 10 + 20 + 40 ms between them; 429 holds every request back for a second by itself.
    expect(last - first).toBeGreaterThanOrEqual(70);
    end();
    await expectAlive();
  },
);

test.each(['reset', 'silence'] as const)(
  'lists that end in %s are tried again with a delay',
  async (kind) => {
    server.fail(isList, { kind }, 3);
    start();
    await reflector.synced;
    expect(server.requests.filter(isList)).toHaveLength(4);
    await expectAlive();
  },
);

test.each([403, 404, 429, 500, 503])('lists that end in %i are tried again with a delay', async (status) => {
  server.fail(isList, { kind: 'answer', status, headers: { 'retry-after': '0' } }, 3);
  start();
  await reflector.synced;
  expect(server.requests.filter(isList)).toHaveLength(4);
  const times = server.requests.map((request) => request.atMs);
  expect((times[3] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(70);
  await expectAlive();
});

test('a page that expires in the middle of a list begins the list anew', async () => {
  for (let index = 0; index < 600; index += 1) put(`j${index}`);
  server.fail((request) => request.parameters.has('continue'), { kind: 'answer', status: 410 }, 1);
  start();
  await reflector.synced;
  expect(seen.size).toBe(600);
});

test('each page is handed on before the next is asked for, so that a list takes the memory of one page', async () => {
  for (let index = 0; index < 1_100; index += 1) put(`j${index}`);
  const kept: number[] = [];
  server.fail(
    (request) => {
      if (request.parameters.has('continue')) kept.push(seen.size);
      return false;
    },
    { kind: 'reset' },
  );
  start();
  await reflector.synced;
  expect(kept).toEqual([500, 1_000]);
  expect(seen.size).toBe(1_100);
});

test('a half-open connection is noticed by its silence', async () => {
  start({ idleMs: 150 });
  await reflector.synced;
  await watching();
  server.watches.mute(true);
  put('unseen');
  await shows('unseen');
  server.watches.mute(false);
  await expectAlive();
});

test('bookmarks keep a quiet watch alive', async () => {
  start({ idleMs: 300 });
  await reflector.synced;
  await watching();
  for (let beat = 0; beat < 6; beat += 1) {
    server.watches.bookmark(6_000 + beat);
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
  expect(server.requests.filter(isWatch)).toHaveLength(1);
});

test('bytes that are no JSON, and an ERROR event that is no 410, list again', async () => {
  start();
  await reflector.synced;
  await watching();
  server.watches.sendRaw('{"type":"ADDED","object":{"metadata":\n');
  // The server hears of the end of the first watch whenever it does: until then one that is open may be the old one.
  await server.until(() => server.requests.filter(isWatch).length === 2);
  await watching();
  server.watches.sendRaw('{"type":"ERROR","object":{"code":500,"message":"etcd"}}\n');
  await server.until(() => server.requests.filter(isList).length === 3);
  await expectAlive();
});

test('credentials that fail for a while stop nothing', async () => {
  let failing = 5;
  identity = () =>
    failing-- > 0
      ? Promise.reject(new Error('the plugin failed'))
      : Promise.resolve({ headers: {}, tls: {} });
  start();
  await reflector.synced;
  failing = 5;
  server.watches.end('reset');
  await expectAlive();
});

test('a handler that throws loses its own object only', async () => {
  put('bad');
  put('good');
  const given = target();
  start(
    {},
    {
      ...given,
      upsert: (object) => {
        if ((object as Shown).metadata.name === 'bad') throw new Error('poison');
        given.upsert(object);
      },
    },
  );
  await shows('good');
  await watching();
  put('bad');
  put('later');
  await shows('good', 'later');
});

test('an empty or senseless list is a fault, never an empty world', async () => {
  put('a');
  start();
  await shows('a');
  await watching();
  server.fail(isList, { kind: 'answer', status: 200 }, 2);
  server.watches.end('reset');
  await server.until(() => server.requests.filter(isList).length >= 4);
  expect(names()).toEqual(['a']);
  await expectAlive();
});

test('what was created while a list was on its way is not taken for deleted', async () => {
  put('a');
  start();
  await shows('a');
  await watching();
  const thaw = server.freezeLists();
  server.watches.mute(true);
  server.fail(isWatch, { kind: 'silence' }, 1);
  server.watches.end('reset');
  const lists = server.requests.filter(isList).length;
  await server.until(() => server.requests.filter(isList).length > lists);
  seen.set('seeded', 'seeded');
  await server.until(() => server.requests.filter(isWatch).length >= 2);
  thaw();
  server.watches.mute(false);
  expect(names()).toEqual(['a', 'seeded']);
});

test('says for how long it has been out of contact', async () => {
  start();
  await reflector.synced;
  await watching();
  await server.until(() => reflector.staleMs() === 0);
  const end = server.fail(() => true, { kind: 'reset' });
  server.watches.end('reset');
  await server.until(() => reflector.staleMs() > 50);
  end();
  await server.until(() => reflector.staleMs() === 0);
});

test('a server that went back in time is read anew, and only then', async () => {
  const rewound: string[] = [];
  const versions = new Map<string, number>();
  const given = target();
  start(
    {},
    {
      ...given,
      // As the store does: an older version is no news.
      upsert: (object) => {
        const { uid, resourceVersion } = (object as { metadata: Record<string, string> }).metadata;
        if (Number(resourceVersion) <= (versions.get(uid!) ?? 0)) return;
        versions.set(uid!, Number(resourceVersion));
        given.upsert(object);
      },
      rewind: () => {
        rewound.push(names().join());
        versions.clear();
      },
    },
  );
  const { metadata } = server.store.put('jobs', { metadata: { name: 'a', labels: {} } });
  await watching();
  for (const name of ['b', 'c', 'd']) put(name);
  await shows('a', 'b', 'c', 'd');
  server.watches.end('reset');
  await server.until(() => server.requests.filter(isList).length > 1 && server.watches.count() === 1);
  expect(rewound).toEqual([]);

  for (const name of ['b', 'c', 'd']) server.store.removeSilently('jobs', name);
  server.store.rewind(1_000);
  // The same object, as it was before: with a lower version than the one that was seen.
  server.store.collections.jobs.objects.set('a', {
    metadata: { ...metadata, name: 'restored', resourceVersion: '990' },
  });
  server.watches.end('reset');
  await shows('restored');
  expect(rewound).toEqual(['a']);
});
