import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabaseUrl } from '@job-orchestrator/postgres/testing';
import { expect, it, onTestFinished } from 'vitest';
import {
  cancelEndless,
  complaintsAfterCrash,
  submitAll,
  untilAllOver,
  untilCount,
} from '../harness/crash.ts';
import { eventually } from '../harness/eventually.ts';
import { createInstallation } from '../harness/installation.ts';
import { ledgerPrologue, readLedger } from '../harness/ledger.ts';
import { processesWith } from '../harness/processes.ts';
import { planWorkload } from '../harness/workload.ts';

const setups = [
  { name: 'dev, with the embedded database', roles: ['dev'], settings: async () => ({}) },
  {
    name: 'executor and API, with PostgreSQL',
    roles: ['api', 'executor'],
    settings: async () => ({ DATABASE_URL: await freshDatabaseUrl(), EXECUTOR_RUNTIME: 'process' }),
  },
];

it.each(setups)('200 running processes survive kill -9 of $name', async ({ roles, settings }) => {
  const folder = await mkdtemp(join(tmpdir(), 'jo-e2e-'));
  const [mark, ledger] = [randomUUID(), join(folder, 'ledger')];
  const plan = planWorkload(200, {
    seconds: 15,
    prologue: ledgerPrologue,
    image: 'local',
    env: { LEDGER: ledger, E2E_MARK: mark },
  });
  const installation = await createInstallation({
    DATA_DIR: join(folder, 'data'),
    EXECUTOR_MAX_RUNNING: '250',
    EXECUTOR_BATCH_SIZE: '100',
    EXECUTOR_LAUNCH_RATE: '200',
    ...(await settings()),
  });
  onTestFinished(async () => {
    await installation.close();
    await rm(folder, { recursive: true });
  });
  const { client } = installation;

  const killed = roles.map((role) => installation.start([role]));
  await installation.ready();
  await client.putImage({ name: 'local', reference: 'localhost/local:1' });
  const ids = await submitAll(client, plan);
  await untilCount(client, 'running', 180, 60);
  await cancelEndless(client, plan, ids);
  await Promise.all(killed.map((running) => running.end('SIGKILL')));

  for (const role of roles) installation.start([role]);
  await installation.ready();
  expect(await submitAll(client, plan), 'the same key gives the same jobs').toEqual(ids);
  const stories = await untilAllOver(client, 120);

  expect(complaintsAfterCrash(plan, ids, stories)).toEqual([]);
  const starts = await readLedger(ledger);
  expect([...starts].filter(([, count]) => count !== 1)).toEqual([]);
  expect(starts.size).toBe(stories.reduce((sum, { job }) => sum + job.attempts.length, 0));
  await eventually('no process of the jobs is left', 15, async () => {
    const left = await processesWith('E2E_MARK', mark);
    return left.length === 0;
  });
});
