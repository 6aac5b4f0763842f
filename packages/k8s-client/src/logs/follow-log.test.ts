import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createApiClient, type ApiClient } from '../http/api-client.ts';
import { pathsOf } from '../http/paths.ts';
import { systemClock } from '../system-clock.ts';
import { followLog } from './follow-log.ts';

let server: Server;
let api: ApiClient;
afterEach(async () => {
  await api.close();
  await new Promise((resolve) => server.close(resolve));
});

/** What the kubelet sends each time that the log is opened; `broken`: the connection is cut after it; `gone`: no pod. */
type Sent = readonly [text: string, kind: 'whole' | 'broken' | 'gone'];

const send = (response: ServerResponse, [text, kind]: Sent): void => {
  if (kind === 'gone') return void response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404 }));
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (kind === 'whole') response.end(text);
  else response.write(text, () => setImmediate(() => response.destroy()));
};

const readAll = async (fromByte: number, ...sent: readonly Sent[]) => {
  let opened = 0;
  server = createServer((_request, response) => send(response, sent[opened++] ?? ['', 'whole']));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  api = createApiClient({
    credentials: { server: url, source: 'test', identity, invalidate: () => undefined },
  });
  const said: string[] = [];
  const onSkip = (bytes: number | null): void => void said.push(`lost ${bytes}`);
  const request = { follow: true, fromByte, signal: new AbortController().signal, onSkip };
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
  expect(await readAll(0, [first, 'broken'], ['new\n', 'broken'], ['new\nend\n', 'whole'])).toBe(
    `${first}|lost null|new\n|end\n`,
  );
  await api.close();
  await new Promise((resolve) => server.close(resolve));
  expect(await readAll(500, [first, 'broken'], ['new\n', 'whole'])).toBe(
    `${first.slice(500)}|lost null|new\n`,
  );
});

test('a log that is shorter than what its reader has was rotated before it was opened', async () => {
  expect(await readAll(100, ['short\n', 'whole'])).toBe('lost null');
});

test('a stream that breaks and whose pod is gone breaks off', async () => {
  await expect(readAll(0, ['one\n', 'broken'], ['', 'gone'])).rejects.toThrow('is gone');
});
