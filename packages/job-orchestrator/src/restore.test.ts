import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clientOf, run, startDev, stopDev, until, type Running } from './testing/cli.ts';

let dataDir = '';
let backup = '';
let dev: Running | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'jo-restore-'));
  backup = await mkdtemp(join(tmpdir(), 'jo-backup-'));
});
afterEach(async () => {
  if (dev !== null) await stopDev(dev);
  dev = null;
  await rm(dataDir, { recursive: true, force: true });
  await rm(backup, { recursive: true, force: true });
});

const path = (name: string): string => join(dataDir, name);
const database = 'database';

/** Writes a line at its start and one at its end, and ends only when the gate is open. */
const gated = {
  image: 'hello',
  command: ['sh', '-c'],
  args: ['echo start >> "$LEDGER"; while [ ! -e "$GATE" ]; do sleep 0.05; done; echo end >> "$LEDGER"'],
};

const untilState = async (state: string): Promise<void> => {
  const client = await clientOf(dataDir);
  await until(`the job to be ${state}`, async () => (await client.listJobs()).items[0]?.state === state);
};

test('a job that runs while its database is restored to a time before its start goes on, and runs once', async () => {
  dev = await startDev(dataDir);
  await (await clientOf(dataDir)).pauseTopic('default');
  const env = { LEDGER: path('ledger'), GATE: path('gate') };
  const submitted = await run(dataDir, ['submit', '-f', '-'], JSON.stringify([{ ...gated, env }]));
  expect(submitted).toMatchObject({ code: 0 });
  await stopDev(dev);
  await cp(path(database), join(backup, database), { recursive: true });

  dev = await startDev(dataDir);
  await (await clientOf(dataDir)).resumeTopic('default');
  await untilState('running');
  dev.child.kill('SIGKILL');
  await dev.finished;
  await rm(path(database), { recursive: true });
  await cp(join(backup, database), path(database), { recursive: true });

  dev = await startDev(dataDir);
  await untilState('pending');
  await (await clientOf(dataDir)).resumeTopic('default');
  await untilState('running');
  await writeFile(path('gate'), '');
  await untilState('completed');
  expect(await readFile(path('ledger'), 'utf8')).toBe('start\nend\n');
  const { stdout } = await run(dataDir, ['describe', 'job', '@latest']);
  expect(stdout).toContain('the database went back in time');
});
