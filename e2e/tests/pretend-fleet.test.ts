import { freshDatabaseUrl } from '@job-orchestrator/postgres/testing';
import type { Client } from '@job-orchestrator/client';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../harness/eventually.ts';
import { startFleet, type Asked, type Fleet } from '../harness/fleet.ts';
import { createInstallation } from '../harness/installation.ts';

const count = 300;

const untilRunning = (client: Client, seconds: number): Promise<true> =>
  eventually(`${count} jobs run`, seconds, async () => {
    const { items } = await client.listTopics();
    return items.reduce((sum, { running }) => sum + running, 0) === count;
  });

/** How often each thing was asked that is no list and no watch: what may cost something for each job. */
const perJob = (asked: readonly Asked[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const each of asked.filter((one) => !/^(list|watch) /.test(one)))
    counts[each] = (counts[each] ?? 0) + 1;
  return counts;
};

const podUids = async (fleet: Fleet): Promise<readonly string[]> =>
  (await fleet.pods()).map(({ metadata }) => metadata.uid).toSorted();

it('300 running jobs cost no call each, and none is started again when the API server restarts under them', async () => {
  const fleet = await startFleet(20);
  const installation = await createInstallation({
    DATABASE_URL: await freshDatabaseUrl(),
    KUBECONFIG: fleet.kubeconfig,
    K8S_NAMESPACE: fleet.namespace,
    EXECUTOR_RUNTIME: 'kubernetes',
    EXECUTOR_LAUNCH_RATE: '100',
    EXECUTOR_BATCH_SIZE: '100',
  });
  onTestFinished(installation.close);
  const { client } = installation;
  installation.start(['serve']);
  await installation.ready();
  await client.putImage({ name: 'busybox', reference: 'localhost/busybox:1' });
  const submission = { image: 'busybox', command: ['sleep', '3600'] };
  const { jobs } = await client.submitJobs(Array.from({ length: count }, () => submission));
  await untilRunning(client, 300);
  const before = await podUids(fleet);
  const launching = (await fleet.asked()).length;

  await fleet.stopApi();
  await fleet.startApi();
  const [victim] = jobs;
  await client.cancelJob(victim!.id, { reason: 'to see that its end is still seen' });
  const next = await client.submitJobs({ image: 'busybox', command: ['true'] });
  await eventually('the next job has run', 60, async () => {
    const { state } = await client.getJob(next.jobs[0]!.id);
    return state === 'completed';
  });
  await eventually('the cancelled job is over', 60, async () => {
    const { state } = await client.getJob(victim!.id);
    return state === 'cancelled';
  });

  const asked = (await fleet.asked()).slice(launching);
  // Of the two jobs that something happened to: the stop of one, the start of the other, their logs, their removal.
  const { 'create jobs': created, 'patch jobs': changed, ...others } = perJob(asked);
  expect([created, changed]).toEqual([1, 1]);
  expect(Object.values(others).reduce((sum, times) => sum + times, 0)).toBeLessThanOrEqual(8);
  expect(asked.length).toBeLessThan(100);
  const after = await podUids(fleet);
  expect(before).toHaveLength(count);
  expect(before.filter((uid) => !after.includes(uid)).length).toBeLessThanOrEqual(1);
  const { items } = await client.listJobs({ states: ['running'], limit: 500 });
  expect(items.filter(({ attempt }) => attempt !== 1)).toEqual([]);
}, 480_000);
