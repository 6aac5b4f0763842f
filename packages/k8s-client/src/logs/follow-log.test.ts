import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LogPlace } from '@job-orchestrator/types';
import { afterEach, expect, test } from 'vitest';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { pathsOf } from '../http/paths.ts';
import { systemClock } from '../system-clock.ts';
import { followLog } from './follow-log.ts';

let server: Server;
let api: ApiClient;
const close = async (): Promise<void> => {
  await api.close();
  await new Promise((resolve) => server.close(resolve));
};
afterEach(close);

/**
 * What the kubelet sends each time that the log is opened, and the time of the first line of its newest file then. `broken`:
 * the connection is cut after it; `gone`: no pod;
 * `forbidden`: we have no right to it.
 */
type Sent = readonly [text: string, kind: 'whole' | 'broken' | 'gone' | 'forbidden', file?: string];

const send = (response: ServerResponse, [text, kind]: Sent): void => {
  if (kind === 'forbidden')
    return void response.writeHead(403).end(JSON.stringify({ kind: 'Status', code: 403, message: text }));
  if (kind === 'gone') return void response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404 }));
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (kind === 'whole') response.end(text);
  else response.write(text, () => setImmediate(() => response.destroy()));
};

/** What follows the last one is not opened any more, but its file is the newest then. */
const serve = (sent: readonly Sent[]): Server => {
  let opened = 0;
  return createServer((request, response) => {
    const next = sent[opened] ?? sent.at(-1) ?? ['', 'gone'];
    if (request.url?.includes('timestamps=true') === true) return send(response, [next[2] ?? '1st', 'whole']);
    opened += 1;
    send(response, next);
  });
};

const readAll = (fromByte: number, ...sent: readonly Sent[]) => readFrom(placeAt(fromByte), ...sent);

const placeAt = (position: number): LogPlace => ({ position, file: null });

const readFrom = async (place: LogPlace, ...sent: readonly Sent[]) => {
  server = serve(sent);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  api = createApiClient({
    credentials: { server: url, source: 'test', identity, invalidate: () => undefined },
  });
  const said: string[] = [];
  const onSkip = (bytes: number | null): void => void said.push(`lost ${bytes}`);
  const { signal } = new AbortController();
  const request = { follow: true, fromByte: place.position, place, signal, onSkip };
  for await (const bytes of (await followLog(api, pathsOf('n'), systemClock, 'p', request)) ?? [])
    said.push(Buffer.from(bytes).toString());
  return said.join('|');
};

test('a stream that breaks goes on where it broke', async () => {
  expect(await readAll(0, ['one\ntwo\n', 'broken'], ['one\ntwo\nthree\n', 'whole'])).toBe(
    'one\ntwo\n|three\n',
  );
});

test('a log that was rotated while its stream was broken is told from its new beginning, and that bytes are lost', async () => {
  const first = 'x'.repeat(1_000);
  expect(
    await readAll(0, [first, 'broken'], ['new\n', 'broken', '2nd'], ['new\nend\n', 'whole', '2nd']),
  ).toBe(`${first}|lost null|new\n|end\n`);
  await close();
  expect(await readAll(500, [first, 'broken'], ['new\n', 'whole', '2nd'])).toBe(
    `${first.slice(500)}|lost null|new\n`,
  );
});

test('a log that is shorter than what its reader has was rotated before it was opened', async () => {
  expect(await readAll(100, ['short\n', 'whole'])).toBe('lost null');
});

test('a stream that breaks and whose pod is gone breaks off', async () => {
  await expect(readAll(0, ['one\n', 'broken'], ['', 'gone'])).rejects.toThrow('is gone');
});

test('a reader that opens the log again goes on in the same file, and reads another one from its beginning', async () => {
  const place = placeAt(0);
  const first = 'x'.repeat(1_000);
  expect(await readFrom(place, [first, 'whole'])).toBe(first);
  await close();
  expect(await readFrom(place, [`${first} more`, 'whole'])).toBe(' more');
  await close();
  const newest = 'x'.repeat(2_000);
  expect(await readFrom(place, [newest, 'whole', '2nd'])).toBe(`lost null|${newest}`);
  expect(place.position).toBe(2_000);
});

test('a reader whose place is behind all that there is reads that when it opens the log again', async () => {
  const place = placeAt(100);
  expect(await readFrom(place, ['short\n', 'whole'])).toBe('lost null');
  await close();
  expect(await readFrom(place, ['short\n', 'whole'])).toBe('short\n');
});

test('a stream that went on through a rotation may have left files out, and says so', async () => {
  expect(await readAll(0, ['first and newest\n', 'whole', '1st'], ['', 'whole', '3rd'])).toBe(
    'first and newest\n|lost null',
  );
});

test('a log that had no line yet when it was opened is whole, unless it is long enough to be rotated', async () => {
  expect(await readAll(0, ['a line\n', 'whole', ''], ['', 'whole', '1st'])).toBe('a line\n');
  await close();
  const long = 'x'.repeat(1_048_577);
  expect((await readAll(0, [long, 'whole', ''], ['', 'whole', '1st'])).slice(-10)).toBe('|lost null');
});

test('a long log whose pod is gone when its stream ends may have holes, and says so; a short one has none', async () => {
  expect(await readAll(0, ['a line\n', 'whole', '1st'], ['', 'whole', ''])).toBe('a line\n');
  await close();
  const long = 'x'.repeat(1_048_577);
  expect((await readAll(0, [long, 'whole', '1st'], ['', 'whole', ''])).slice(-10)).toBe('|lost null');
});

test('a log that we may not read says so once, however often it is opened', async () => {
  const place = placeAt(0);
  const said = await readFrom(place, ['pods "p" is forbidden', 'forbidden']);
  expect(said).toContain('does not grant "get" on "pods/log"');
  expect(said).toContain('pods "p" is forbidden');
  await close();
  expect(await readFrom(place, ['pods "p" is forbidden', 'forbidden'])).toBe('');
});
