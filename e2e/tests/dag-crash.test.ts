import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freshDatabaseUrl } from '@job-orchestrator/postgres/testing';
import { expect, it, onTestFinished } from 'vitest';
import {
  endedCount,
  nodeRuns,
  runComplaints,
  startRun,
  storiesOfRun,
  untilRunEnded,
} from '../harness/dag.ts';
import { planDag } from '../harness/dag-workload.ts';
import { eventually } from '../harness/eventually.ts';
import { createInstallation } from '../harness/installation.ts';
import { readLedger } from '../harness/ledger.ts';
import { processesWith } from '../harness/processes.ts';

const postgres = async () => ({ DATABASE_URL: await freshDatabaseUrl(), EXECUTOR_RUNTIME: 'process' });
/** `killed` is killed again and again while a run is in flight; `stays` is not. */
const setups = [
  { name: 'dev, with the embedded database', killed: ['dev'], stays: [], settings: async () => ({}) },
  { name: 'serve, with PostgreSQL', killed: ['serve'], stays: [], settings: postgres },
  {
    name: 'dag serve, with PostgreSQL',
    killed: ['dag serve'],
    stays: ['api', 'executor'],
    settings: postgres,
  },
];

/** So many node runs end between one kill and the next. */
const endsBetweenKills = 30;

it.each(setups)(
  '200 nodes of a run survive kill -9 of $name, again and again',
  async ({ killed, stays, settings }) => {
    const folder = await mkdtemp(join(tmpdir(), 'jo-e2e-'));
    const [mark, ledger] = [randomUUID(), join(folder, 'ledger')];
    const env = { LEDGER: ledger, E2E_MARK: mark };
    const { document, plan } = planDag({ image: 'local', seconds: 0.5, env, layers: 9, width: 18 });
    const installation = await createInstallation({
      DATA_DIR: join(folder, 'data'),
      EXECUTOR_MAX_RUNNING: '40',
      EXECUTOR_BATCH_SIZE: '20',
      EXECUTOR_LAUNCH_RATE: '200',
      ...(await settings()),
    });
    onTestFinished(async () => {
      await installation.close();
      await rm(folder, { recursive: true });
    });
    const { client } = installation;
    const startAll = (roles: readonly string[]) => roles.map((role) => installation.start(role.split(' ')));

    startAll(stays);
    let running = startAll(killed);
    await installation.ready();
    await client.putImage({ name: 'local', reference: 'localhost/local:1' });
    const run = await startRun(client, document);

    let kills = 0;
    for (let ended = 0; ; kills += 1) {
      const before = ended;
      ended = await eventually('more nodes have ended', 90, async () => {
        const now = await endedCount(client, run);
        const over = (await client.getDagRun(run)).finishedAt !== null;
        return over || now >= before + endsBetweenKills ? now : null;
      });
      if ((await client.getDagRun(run)).finishedAt !== null) break;
      await Promise.all(running.map((one) => one.end('SIGKILL')));
      running = startAll(killed);
      await installation.ready();
    }
    expect(kills).toBeGreaterThanOrEqual(4);

    expect(await untilRunEnded(client, run, 60)).toMatchObject({ state: 'failed', open: 0 });
    const [nodes, stories] = [await nodeRuns(client, run), await storiesOfRun(client, run)];
    expect(runComplaints(plan, nodes, stories)).toEqual([]);
    const starts = await readLedger(ledger);
    expect([...starts].filter(([, count]) => count !== 1)).toEqual([]);
    expect(starts.size).toBe(stories.reduce((sum, { job }) => sum + job.attempts.length, 0));
    await eventually('no process of the jobs is left', 15, async () => {
      const left = await processesWith('E2E_MARK', mark);
      return left.length === 0;
    });
  },
  400_000,
);
