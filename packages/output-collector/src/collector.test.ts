import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { createFrameReader, readDigestHeader, unpackOutput } from '@job-orchestrator/types/outputs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  attemptNumber,
  jobId,
  startApi,
  startCollector,
  type Answer,
  type Left,
} from './testing/collector-process.ts';

type Api = Awaited<ReturnType<typeof startApi>>;
const open: Api[] = [];
afterEach(() => open.splice(0).forEach((api) => api.close()));

const api = async (answer: Answer): Promise<Api> => {
  const started = await startApi(answer);
  open.push(started);
  return started;
};
const status =
  (code: number, detail?: string): Answer =>
  (_, response) =>
    void response.writeHead(code).end(detail === undefined ? '{}' : JSON.stringify({ detail }));
const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');
const framed = ({ log }: Left) => {
  const reader = createFrameReader(10_000_000);
  log.split('\n').forEach((line) => reader.line(line));
  return reader.found();
};
/** As programs are told to: under another name first. */
const write = (path: string, content: Uint8Array | string): void => {
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
};
const memoryKb = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

test('an output is delivered once the program has ended, with its token, digest and address', async () => {
  const { url, puts } = await api(status(201));
  const collector = startCollector({ API_URL: url });
  write(collector.outputFile, '{"words": 12}');
  const left = await collector.programEnded();
  const digest = sha256('{"words": 12}');
  expect(left.code).toBe(0);
  expect(left.receipt).toMatchObject({ kind: 'left', bytes: 13, digest, delivered: true, note: null });
  expect(left.receipt?.kind === 'left' && Buffer.from(left.receipt.result ?? []).toString()).toBe(
    '{"words": 12}',
  );
  expect(puts).toHaveLength(1);
  expect(puts[0]).toMatchObject({ method: 'PUT', url: `/jobs/${jobId}/attempts/${attemptNumber}/output` });
  expect(puts[0]?.body.toString()).toBe('{"words": 12}');
  expect(puts[0]?.headers).toMatchObject({
    authorization: 'Bearer the-token',
    'content-type': 'application/json',
  });
  expect(readDigestHeader(String(puts[0]?.headers['repr-digest']))).toBe(digest);
});

test('no file is no output at once: nobody is asked, and nothing is waited for', async () => {
  const { url, puts } = await api(status(201));
  const collector = startCollector({ API_URL: url, MAX_WAIT_SECONDS: '300' });
  writeFileSync(`${collector.outputFile}.tmp`, '{"half":');
  const left = await collector.programEnded();
  expect(left.receipt).toEqual({ kind: 'none' });
  expect(left.tookMs).toBeLessThan(2_000);
  expect(puts).toHaveLength(0);
});

test('an API that is down costs MAX_WAIT_SECONDS at most, and log and receipt carry the output', async () => {
  const collector = startCollector({ API_URL: 'http://127.0.0.1:1', MAX_WAIT_SECONDS: '1' });
  const content = JSON.stringify(randomBytes(100_000).toString('hex'));
  write(collector.outputFile, content);
  const left = await collector.programEnded();
  expect(left.code).toBe(0);
  expect(left.receipt).toMatchObject({
    kind: 'left',
    digest: sha256(content),
    delivered: false,
    result: null,
    note: expect.stringContaining('ECONNREFUSED') as string,
  });
  expect(Buffer.from(framed(left)?.content ?? []).toString()).toBe(content);
  expect(left.tookMs).toBeLessThan(3_000);
});

test.each([401, 425, 429, 500, 503])('it tries again after %i, until it is taken', async (code) => {
  const { url, puts } = await api((number, response) => status(number < 3 ? code : 200)(number, response));
  const collector = startCollector({ API_URL: url });
  write(collector.outputFile, '1');
  expect((await collector.programEnded()).receipt).toMatchObject({ delivered: true });
  expect(puts.map(({ body }) => body.toString())).toEqual(['1', '1', '1', '1']);
});

test('a connection that breaks without an answer is tried again', async () => {
  const { url, puts } = await api((number, response) =>
    number === 0 ? response.destroy() : status(200)(number, response),
  );
  const collector = startCollector({ API_URL: url });
  write(collector.outputFile, '1');
  expect((await collector.programEnded()).receipt).toMatchObject({ delivered: true });
  expect(puts).toHaveLength(2);
});

test.each([409, 413, 422])(
  '%i is the end of it: the output is refused with the words of the API',
  async (code) => {
    const { url, puts } = await api(status(code, 'The output is bad.'));
    const collector = startCollector({ API_URL: url });
    write(collector.outputFile, '1');
    expect((await collector.programEnded()).receipt).toEqual({
      kind: 'refused',
      message: 'The output is bad.',
    });
    expect(puts).toHaveLength(1);
  },
);

test.each([403, 404, 410])(
  '%i ends the tries, but the executor may still take it from the log',
  async (code) => {
    const { url, puts } = await api(status(code, 'not yours'));
    const collector = startCollector({ API_URL: url });
    write(collector.outputFile, '1');
    expect((await collector.programEnded()).receipt).toMatchObject({
      kind: 'left',
      delivered: false,
      note: `HTTP ${code} not yours`,
    });
    expect(puts).toHaveLength(1);
  },
);

test('one byte above the limit is refused unread, with both numbers', async () => {
  const exact = startCollector({ OUTPUT_LIMIT_BYTES: '10' });
  write(exact.outputFile, '1234567890');
  expect((await exact.programEnded()).receipt).toMatchObject({ kind: 'left', bytes: 10 });
  const above = startCollector({ OUTPUT_LIMIT_BYTES: '10' });
  write(above.outputFile, '12345678901');
  expect((await above.programEnded()).receipt).toEqual({
    kind: 'refused',
    message: 'The output has 11 bytes; the limit is 10.',
  });
});

test('a symbolic link is refused: it would make the token of the pod the output', async () => {
  const collector = startCollector();
  symlinkSync(collector.tokenFile, collector.outputFile);
  const left = await collector.programEnded();
  expect(left.receipt).toEqual({
    kind: 'refused',
    message: 'The output file result.json is a symbolic link; it must be a regular file.',
  });
  expect(left.log).not.toContain(Buffer.from('the-token').toString('base64'));
});

test('a folder in place of the output is refused', async () => {
  const collector = startCollector();
  mkdirSync(collector.outputFile);
  expect((await collector.programEnded()).receipt).toEqual({
    kind: 'refused',
    message: 'The output file result.json is a folder; it must be a regular file.',
  });
});

test('several files are delivered whole, in one request, and left whole in the log', async () => {
  const { url, puts } = await api(status(201));
  const collector = startCollector({ API_URL: url });
  const files = { 'result.json': '{"a":1}', 'table.csv': 'a,b\n', 'model.bin': '\u0000\u00ff' };
  for (const [name, content] of Object.entries(files)) write(join(collector.outputFolder, name), content);
  writeFileSync(join(collector.outputFolder, 'half.csv.tmp'), 'x');
  writeFileSync(join(collector.outputFolder, '.hidden'), 'x');
  const left = await collector.programEnded();
  expect(left.receipt).toMatchObject({ kind: 'left', delivered: true });
  expect(puts).toHaveLength(1);
  expect(puts[0]?.headers['content-type']).toBe('application/vnd.job-orchestrator.outputs');
  for (const packed of [puts[0]!.body, framed(left)!.content]) {
    const found = unpackOutput(packed);
    if (typeof found === 'string') throw new Error(found);
    expect(
      Object.fromEntries(found.map(({ name, content }) => [name, Buffer.from(content).toString()])),
    ).toEqual(files);
  }
});

test('a thousand files are refused by their number, and none is read', async () => {
  const collector = startCollector();
  for (let number = 0; number < 1_000; number += 1)
    writeFileSync(join(collector.outputFolder, `part-${number}`), 'x');
  const left = await collector.programEnded();
  expect(left.receipt).toEqual({ kind: 'refused', message: 'The output has 1000 files; the limit is 100.' });
  expect(left.tookMs).toBeLessThan(2_000);
});

test.each([
  [
    'a link to the token',
    (folder: string) => symlinkSync('../token', join(folder, 'a.txt')),
    'a symbolic link',
  ],
  ['a folder', (folder: string) => mkdirSync(join(folder, 'a.txt')), 'a folder'],
  ['a pipe', (folder: string) => execFileSync('mkfifo', [join(folder, 'a.txt')]), 'a pipe'],
])('%s beside the result is refused, and the whole output with it', async (_, make, words) => {
  const collector = startCollector();
  write(collector.outputFile, '1');
  make(collector.outputFolder);
  const left = await collector.programEnded();
  expect(left.receipt).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining(`a.txt is ${words}`) as string,
  });
  expect(left.log).not.toContain('job-orchestrator-output begin');
});

test('what is replaced before the end counts as it is at the end', async () => {
  const { url, puts } = await api(status(201));
  const collector = startCollector({ API_URL: url });
  write(collector.outputFile, '1');
  await collector.ready();
  write(collector.outputFile, '2');
  await collector.programEnded();
  expect(puts.map(({ body }) => body.toString())).toEqual(['2']);
});

test('with POLL_INTERVAL_MS an output is delivered while the program runs, and must then stay as it is', async () => {
  let delivered = (): void => undefined;
  const early = new Promise<void>((resolve) => (delivered = resolve));
  const { url, puts } = await api((number, response) => {
    status(201)(number, response);
    delivered();
  });
  const [same, changed] = [1, 2].map(() => startCollector({ API_URL: url, POLL_INTERVAL_MS: '10' }));
  write(same!.outputFile, '1');
  await early;
  expect((await same!.programEnded()).receipt).toMatchObject({ delivered: true, bytes: 1 });
  write(changed!.outputFile, '1');
  while (puts.length < 2) await new Promise((resolve) => void setTimeout(resolve, 10));
  write(changed!.outputFile, '2');
  expect((await changed!.programEnded()).receipt).toEqual({
    kind: 'refused',
    message: 'The output was changed after it had been delivered.',
  });
});

test.each([
  ['JOB_ID', 'x', 'a lower-case UUID'],
  ['ATTEMPT', '0', 'from 1 to 999999999'],
  ['OUTPUT_FILE', '/output/other.json', 'FOLDER/result.json'],
  ['OUTPUT_LIMIT_FILES', '1001', 'from 1 to 1000'],
  ['OUTPUT_LIMIT_BYTES', '4194305', 'from 1 to 4194304'],
  ['MAX_WAIT_SECONDS', '0', 'from 1 to 3600'],
  ['POLL_INTERVAL_MS', '1e3', 'a whole number'],
  ['API_URL', 'ftp://x', 'http://HOST:PORT'],
])('a wrong %s stops it at its start, by name, value and what is allowed', async (name, value, allowed) => {
  const left = await startCollector({ [name]: value }).ended();
  expect(left.code).toBe(1);
  expect(left.log).toContain(name);
  expect(left.log).toContain(allowed);
});

test('it holds less than 60 MB, also while it delivers 256 KiB', async () => {
  let peakKb = 0;
  const collector = startCollector({
    API_URL: (
      await api((number, response) => {
        peakKb = memoryKb(collector.pid);
        status(201)(number, response);
      })
    ).url,
  });
  await collector.ready();
  expect(memoryKb(collector.pid)).toBeLessThan(60_000);
  write(collector.outputFile, JSON.stringify('x'.repeat(262_142)));
  expect((await collector.programEnded()).receipt).toMatchObject({ bytes: 262_144, delivered: true });
  expect(peakKb).toBeGreaterThan(0);
  expect(peakKb).toBeLessThan(60_000);
});
