import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../testing/sandbox.ts';
import { readSecrets } from './secrets.ts';

let folder: string;
let sandbox: Sandbox;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jo-secrets-'));
  sandbox = openSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const secretEnv = { TOKEN: { secret: 'reports', key: 'token' } };
const fileOf = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
};
const messageOf = (path: string, wanted: Parameters<typeof readSecrets>[0] = { secretEnv }): string => {
  const read = readSecrets(wanted, path);
  return read.kind === 'missing' ? read.message : JSON.stringify(read.values);
};

test('a program gets the value, and nothing that we keep holds it', async () => {
  writeFileSync(join(sandbox.dataDir, 'secrets.json'), JSON.stringify({ reports: { token: 'hunter2' } }), {
    mode: 0o600,
  });
  const watched = await sandbox.start();
  const launch = {
    ...sandbox.launch(['/bin/sh', '-c', '[ "${#TOKEN}" -eq 7 ]']),
    secretEnv,
  };
  const ref = await watched.run(launch);
  expect((await watched.ended(ref)).exit).toMatchObject({ exitCode: 0 });
  const { execFileSync } = await import('node:child_process');
  expect(execFileSync('grep', ['-rl', 'hunter2', sandbox.dataDir]).toString().trim()).toBe(
    join(sandbox.dataDir, 'secrets.json'),
  );
});

test('a secret that is not there is refused with the file, before anything is made', async () => {
  const watched = await sandbox.start();
  const absent = { TOKEN: { secret: 'reports', key: 'absent' } };
  const launch = { ...sandbox.launch(['/bin/true']), secretEnv: absent };
  expect(await watched.runtime.ensure(launch, () => true)).toMatchObject({
    kind: 'refused',
    failure: {
      reason: 'reference_missing',
      message: expect.stringContaining('no key absent of a secret reports') as string,
    },
  });
});

test('a job without secrets needs no file', () => {
  expect(readSecrets({}, join(folder, 'nothing'))).toEqual({ kind: 'values', values: {} });
});

test.each<[string, () => string, string]>([
  ['is not there', () => join(folder, 'absent'), 'make the file'],
  ['others may read', () => fileOf('open', '{}', 0o644), 'chmod 600'],
  ['is no JSON', () => fileOf('broken', '{"reports": {"token": hunter2'), 'is not valid JSON'],
  ['is no map', () => fileOf('list', '["hunter2"]'), 'must hold a map'],
  ['lacks the Secret', () => fileOf('empty', '{}'), 'no key token of a secret reports'],
  ['holds no text', () => fileOf('number', '{"reports": {"token": 42}}'), 'no key token'],
  [
    'holds it in a prototype',
    () => fileOf('proto', '{"__proto__": {"reports": {"token": "hunter2"}}}'),
    'no key token',
  ],
])('a file that %s is refused, and no value is shown', (_name, path, message) => {
  expect(messageOf(path())).toContain(message);
  expect(messageOf(path())).not.toContain('hunter2');
});

test('a variable that would stand in the words of a command holds no secret', () => {
  const path = fileOf('fine', '{"reports": {"token": "hunter2"}}');
  const wanted = { secretEnv: { PS1: secretEnv.TOKEN } };
  expect(messageOf(path, wanted)).toContain('A shell keeps the variable PS1 to itself');
});
