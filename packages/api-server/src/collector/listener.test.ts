import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { freshDatabase, silentLog, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import {
  defaultDeadlines,
  defaultRetry,
  newJobId,
  outputAudience,
  outputPath,
  packOutput,
  packType,
  writeDigestHeader,
  type InstallationId,
  type NewJob,
  type PodIdentity,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDriver, type Driver } from '../testing/driver.ts';
import { send } from '../testing/raw-request.ts';
import { createCollectorListener, type CollectorListener } from './listener.ts';

const limitBytes = 4_096;
let fresh: FreshDatabase;
let driver: Driver;
let installation: InstallationId;
let listener: CollectorListener;
let url: string;
/** Whose pod a token is, as Kubernetes would say. */
const tokens = new Map<string, { readonly audience: string; readonly identity: PodIdentity }>();
const asked: string[] = [];

beforeAll(async () => {
  fresh = await freshDatabase();
  driver = await createDriver(fresh.database);
  installation = await fresh.database.queue.installation();
  listener = createCollectorListener({
    outputs: fresh.database.outputs,
    installation,
    limits: { bytes: limitBytes, files: 3 },
    log: silentLog,
    pods: {
      identify: async (token, audience) => {
        asked.push(token);
        const known = tokens.get(token);
        if (known?.identity.kind === 'unavailable') return known.identity;
        return known?.audience === audience ? known.identity : { kind: 'refused', message: 'not its token' };
      },
    },
  });
  url = `http://127.0.0.1:${(await listener.listen({ host: '127.0.0.1', port: 0 })).port}`;
});
afterAll(async () => {
  await listener.close();
  await fresh.close();
});

const newJob = (): NewJob => ({
  id: newJobId(),
  project: 'default',
  topic: 'default',
  priority: 0,
  runAt: null,
  retryOf: null,
  rootJobId: null,
  spec: {
    name: null,
    image: 'i',
    imageReference: 'i',
    command: ['x'],
    args: null,
    env: {},
    inputs: null,
    output: true,
    resources: null,
    runAsUser: null,
    retry: defaultRetry,
    deadlines: defaultDeadlines,
    labels: {},
  },
});

let number = 0;
/** An open attempt whose executor has seen `pod-1` run it, with that pod's token. */
const running = async (expected = true) => {
  number += 1;
  const job = newJob();
  await fresh.database.queue.insertJobs([job], { actor: 'tester', reason: 'a test' });
  const attempt = await driver.claim(job.id);
  if (expected) await fresh.database.outputs.expect(attempt.owner, attempt.id, 'pod-1');
  const audience = outputAudience(installation, attempt.jobId, attempt.number);
  const token = `token-${number}`;
  tokens.set(token, { audience, identity: { kind: 'pod', uid: 'pod-1' } });
  return { attempt, token, audience, path: outputPath(attempt.jobId, attempt.number) };
};
const digestOf = (body: string | Uint8Array): string =>
  writeDigestHeader(createHash('sha256').update(body).digest('hex'));
const put = (
  { path, token }: { readonly path: string; readonly token: string },
  body: string | Uint8Array,
  headers: Record<string, string | undefined> = {},
) =>
  send(url, {
    method: 'PUT',
    path,
    body,
    headers: { authorization: `Bearer ${token}`, 'repr-digest': digestOf(body), ...headers },
  });

describe('the listener of collectors', () => {
  it('takes an output once: 201, the same again 200, another 409', async () => {
    const target = await running();
    expect((await put(target, '{"a":1}')).status).toBe(201);
    expect((await put(target, '{"a":1}')).status).toBe(200);
    const other = await put(target, '{"a":2}');
    expect([other.status, other.json['code']]).toEqual([409, 'output_already_accepted']);
    expect(await fresh.database.outputs.accepted(target.attempt.id)).toMatchObject({
      result: { text: '{"a":1}', bytes: 7 },
    });
  });

  it('answers 425 until the executor has seen the pod, 403 to another pod, 410 once the attempt is closed', async () => {
    const target = await running(false);
    expect((await put(target, '1')).status).toBe(425);
    await fresh.database.outputs.expect(target.attempt.owner, target.attempt.id, 'pod-1');
    tokens.set('of-pod-2', { audience: target.audience, identity: { kind: 'pod', uid: 'pod-2' } });
    expect((await put({ ...target, token: 'of-pod-2' }, '1')).json['code']).toBe('output_foreign');
    expect((await put(target, '1')).status).toBe(201);
    await driver.end(target.attempt, 3);
    const late = await put(target, '1');
    expect([late.status, late.json['code']]).toEqual([410, 'attempt_closed']);
  });

  it('refuses the token of another attempt, and none at all, with 401', async () => {
    const [target, other] = [await running(), await running()];
    expect((await put({ ...target, token: other.token }, '1')).status).toBe(401);
    for (const authorization of [undefined, 'Bearer', 'Bearer nothing', `Basic ${target.token}`])
      expect((await put(target, '1', { authorization })).status).toBe(401);
    expect(await fresh.database.outputs.accepted(target.attempt.id)).toBeNull();
  });

  it('says 503 while Kubernetes cannot be asked', async () => {
    const target = await running();
    const identity = { kind: 'unavailable', message: 'no answer' } as const;
    tokens.set(target.token, { audience: target.audience, identity });
    expect((await put(target, '1')).status).toBe(503);
  });

  it('takes an output of exactly the limit, and refuses one byte more with both numbers before it asks whose it is', async () => {
    const target = await running();
    const before = asked.length;
    const above = await put(target, `"${'x'.repeat(limitBytes - 1)}"`);
    expect([above.status, above.json['code']]).toEqual([413, 'body_too_large']);
    expect(above.json['detail']).toBe(`The output has ${limitBytes + 1} bytes; the limit is ${limitBytes}.`);
    expect(asked).toHaveLength(before);
    expect((await put(target, `"${'x'.repeat(limitBytes - 2)}"`)).status).toBe(201);
  });

  it.each<[string, string | Uint8Array, number, string]>([
    ['nothing', '', 422, 'not valid JSON'],
    ['half an object', '{"a":', 422, 'not valid JSON'],
    ['invalid UTF-8', Uint8Array.of(0x22, 0xff, 0x22), 422, 'UTF-8'],
    ['NUL', '"\\u0000"', 422, 'NUL'],
    ['65 levels', '['.repeat(65) + ']'.repeat(65), 422, '65 levels'],
  ])('refuses %s, and says why', async (_, body, status, words) => {
    const answer = await put(await running(), body);
    expect([answer.status, answer.json['code']]).toEqual([status, 'invalid_input']);
    expect(answer.json['detail']).toContain(words);
  });

  const pack = (files: Readonly<Record<string, string>>): Uint8Array =>
    packOutput(Object.entries(files).map(([name, text]) => ({ name, content: Buffer.from(text) })));
  const putPack = (target: { path: string; token: string }, files: Readonly<Record<string, string>>) =>
    put(target, pack(files), { 'content-type': packType });

  it('takes several files in one delivery, once and whole', async () => {
    const target = await running();
    const files = { 'result.json': '1', 'a.csv': 'x,y' };
    expect((await putPack(target, files)).status).toBe(201);
    expect((await putPack(target, files)).status).toBe(200);
    expect((await putPack(target, { ...files, 'a.csv': 'x' })).status).toBe(409);
    expect((await put(target, '1')).status).toBe(409);
  });

  it('refuses too many files, too many bytes and JSON that is none, and keeps nothing of them', async () => {
    const target = await running();
    const many = await putPack(target, { a: '', b: '', c: '', d: '' });
    expect([many.status, many.json['detail']]).toEqual([413, 'The output has 4 files; the limit is 3.']);
    const large = await putPack(target, { a: 'x'.repeat(limitBytes), b: 'x' });
    expect([large.status, large.json['detail']]).toEqual([
      413,
      `The output has ${limitBytes + 1} bytes; the limit is ${limitBytes}.`,
    ]);
    const bad = await putPack(target, { 'a.json': '{' });
    expect([bad.status, bad.json['detail']]).toEqual([
      422,
      expect.stringContaining('a.json is not valid JSON'),
    ]);
    expect((await putPack(target, { a: 'x'.repeat(limitBytes - 1), b: 'x' })).status).toBe(201);
  });

  it('refuses a body that is not the one of its digest', async () => {
    const answer = await put(await running(), '12', { 'repr-digest': digestOf('1') });
    expect([answer.status, answer.json['code']]).toEqual([400, 'malformed_request']);
  });

  it('has one route: nothing else is there, and it takes nothing but PUT', async () => {
    const target = await running();
    for (const path of [
      '/',
      '/api/v1/jobs',
      '/readyz',
      `/x${target.path}`,
      `${target.path}/`,
      `${target.path}?a=1`,
    ])
      expect((await put({ ...target, path }, '1')).status).toBe(404);
    for (const method of ['GET', 'POST', 'DELETE'])
      expect((await send(url, { method, path: target.path })).status).toBe(405);
  });

  it('survives a sender that breaks off in the middle', async () => {
    const target = await running();
    const { hostname, port } = new URL(url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        const lines = [`PUT ${target.path} HTTP/1.1`, 'host: x', `authorization: Bearer ${target.token}`];
        socket.write([...lines, 'content-length: 100', '', '{"half":'].join('\r\n'));
        setImmediate(() => socket.destroy());
      });
      socket.on('close', () => resolve());
    });
    expect((await put(target, '1')).status).toBe(201);
  });
});
