import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../system-clock.ts';
import { execSource, type ExecSettings, type ExecTiming } from './exec-plugin.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exec-plugin-'));
});
afterAll(() => rm(folder, { recursive: true }));

const timing: ExecTiming = { limitMs: 5_000, failureMs: 60_000, renewBeforeMs: 60_000 };
const settings = (script: string): ExecSettings => ({
  command: '/bin/sh',
  args: ['-c', script],
  env: { GREETING: 'hello' },
  apiVersion: 'client.authentication.k8s.io/v1',
  installHint: 'Install the plugin.',
  origin: 'config: users[0].user.exec',
  cluster: { server: 'https://k' },
});
const credential = (status: object): string => JSON.stringify({ kind: 'ExecCredential', status });
const runs = async (log: string): Promise<number> => (await readFile(log, 'utf8')).trim().split('\n').length;

test('the plugin gets its environment and the cluster, runs once for many callers, and its answer is cached', async () => {
  const log = join(folder, 'cached');
  const script = `echo run >> ${log}; echo "$KUBERNETES_EXEC_INFO" > ${log}.info; printf '{"status":{"token":"'$GREETING'"}}'`;
  const source = execSource(settings(script), systemClock, timing);
  const answers = await Promise.all([source.get(), source.get(), source.get()]);
  expect(answers[0]).toEqual({ headers: { authorization: 'Bearer hello' } });
  await source.get();
  expect(await runs(log)).toBe(1);
  expect(JSON.parse(await readFile(`${log}.info`, 'utf8'))).toMatchObject({
    spec: { interactive: false, cluster: { server: 'https://k' } },
  });
});

test('an expired answer is fetched again; a client certificate is understood', async () => {
  const log = join(folder, 'expired');
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const expirationTimestamp = new Date(Date.now() + 61_000).toISOString();
  const status = credential({ clientCertificateData: 'c', clientKeyData: 'k', expirationTimestamp });
  const source = execSource(settings(`echo run >> ${log}; echo '${status}'`), clock, timing);
  expect(await source.get()).toEqual({ cert: 'c', key: 'k' });
  nowMs = 500;
  await source.get();
  expect(await runs(log)).toBe(1);
  nowMs = 2_000;
  await source.get();
  expect(await runs(log)).toBe(2);
});

test('a 401 fetches again, but a server that refuses everything does not start the plugin each time', async () => {
  const log = join(folder, 'refused');
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs };
  const source = execSource(
    settings(`echo run >> ${log}; echo '${credential({ token: 't' })}'`),
    clock,
    timing,
  );
  await source.get();
  source.invalidate();
  await source.get();
  expect(await runs(log)).toBe(1);
  nowMs = 60_000;
  source.invalidate();
  await source.get();
  expect(await runs(log)).toBe(2);
});

test.each([
  ['a failure', 'echo broken >&2; exit 3', 'ended with exit code 3: broken'],
  ['no JSON', 'echo nothing', 'printed no JSON'],
  ['an empty credential', `echo '${credential({})}'`, 'neither a token nor a client certificate'],
  ['null', 'echo null', 'neither a token nor a client certificate'],
])('%s is runtime_unavailable with origin and hint, and is remembered', async (name, script, expected) => {
  const log = join(folder, `failed-${name.replaceAll(' ', '-')}`);
  const source = execSource(settings(`echo run >> ${log}; ${script}`), systemClock, timing);
  const failures = await Promise.allSettled([source.get(), source.get()]);
  expect(failures.map((failure) => failure.status)).toEqual(['rejected', 'rejected']);
  await expect(source.get()).rejects.toMatchObject({ code: 'runtime_unavailable' });
  await expect(source.get()).rejects.toThrow(expected);
  await expect(source.get()).rejects.toThrow('config: users[0].user.exec: /bin/sh');
  await expect(source.get()).rejects.toThrow('Install the plugin.');
  expect(await runs(log)).toBe(1);
});

test('a plugin that hangs is ended, one that is missing is named', async () => {
  const hanging = execSource(settings('exec sleep 60'), systemClock, { ...timing, limitMs: 200 });
  await expect(hanging.get()).rejects.toThrow('was ended by SIGKILL (limit 200 ms)');
  const missing = execSource({ ...settings(''), command: join(folder, 'absent') }, systemClock, timing);
  await expect(missing.get()).rejects.toThrow('cannot be run');
});

test('output without end is cut off', async () => {
  const endless = execSource(settings('exec yes'), systemClock, timing);
  await expect(endless.get()).rejects.toThrow('was ended by SIGKILL');
});

test('a script can be a file', async () => {
  const path = join(folder, 'plugin');
  await writeFile(path, `#!/bin/sh\necho '${credential({ token: 'file' })}'\n`, { mode: 0o700 });
  const source = execSource({ ...settings(''), command: path, args: [] }, systemClock, timing);
  expect(await source.get()).toEqual({ headers: { authorization: 'Bearer file' } });
});
