import { createHash } from 'node:crypto';
import { closed, type OutputFile } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { send } from '../testing/raw-request.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const sha256 = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');
const fileOf = (name: string, content: Uint8Array): OutputFile => ({
  name,
  content,
  digest: sha256(content),
});

const text = '{ "n": 12345678901234567890 }\n';
const page = fileOf('page.html', Buffer.from('<script>alert(1)</script>'));
const bytes = fileOf('data.bin', Uint8Array.of(0, 255, 13, 10));

const submit = async (output: boolean): Promise<string> => {
  const { jobs } = await api.client.submitJobs({ image: 'shell', command: ['true'], output });
  return jobs[0]!.id;
};

/** A completed job with a result and two files. */
const completed = async (): Promise<string> => {
  const id = await submit(true);
  const attempt = await api.driver.start(id);
  const result = { text, bytes: text.length, digest: sha256(text) };
  await api.database.outputs.keepFiles(attempt.owner, attempt.id, [page, bytes]);
  const now = new Date();
  const exit = { exitCode: 0, startedAt: now, finishedAt: now, failure: null, node: null, imageDigest: null };
  const output = { kind: 'ready', result, files: [] } as const;
  await api.driver.write(closed(attempt.id, { kind: 'succeed', exit: { ...exit, output } }, null));
  return id;
};

it('lists what a job left, and gives each byte by byte', async () => {
  const id = await completed();
  const { items } = await api.client.listOutputs(id);
  expect(items).toEqual([
    { name: 'data.bin', contentType: 'application/octet-stream', bytes: 4, digest: bytes.digest },
    { name: 'page.html', contentType: 'application/octet-stream', bytes: 25, digest: page.digest },
    { name: 'result.json', contentType: 'application/json', bytes: text.length, digest: sha256(text) },
  ]);
  expect(await api.client.readOutput(id, 'data.bin')).toEqual(new Uint8Array(bytes.content));
  expect(Buffer.from(await api.client.readOutput(id, 'result.json')).toString()).toBe(text);
});

it('sends a file so that no browser runs it: as an attachment, with a plain type that is not guessed anew', async () => {
  const id = await completed();
  const answer = await send(api.url, {
    path: `/api/v1/jobs/${id}/outputs/page.html`,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="page.html"',
    'x-content-type-options': 'nosniff',
    'content-security-policy': expect.stringContaining("default-src 'none'") as string,
  });
});

it('says why there is no such output: none declared, not completed, or another name', async () => {
  const id = await completed();
  const missing = await failure(api.client.readOutput(id, 'other.csv'));
  expect(missing).toMatchObject({ code: 'output_not_found' });
  expect(missing.message).toContain('it has data.bin, page.html, result.json');
  const [plain, waiting] = [await submit(false), await submit(true)];
  expect((await failure(api.client.readOutput(plain, 'a'))).message).toContain('declares no output');
  expect((await failure(api.client.readOutput(waiting, 'a'))).message).toContain('is pending');
  expect(await api.client.listOutputs(waiting)).toEqual({ items: [] });
  expect(await failure(api.client.listOutputs('ffffffffffff'))).toMatchObject({ code: 'job_not_found' });
});

it('takes no name that leads elsewhere', async () => {
  const id = await completed();
  for (const name of ['..%2f..%2fetc', '%2e%2e', 'a%00', 'x'.repeat(500)]) {
    const { status } = await send(api.url, {
      path: `/api/v1/jobs/${id}/outputs/${name}`,
    });
    expect([400, 404, 414, 422]).toContain(status);
  }
});
