import { expect, it, onTestFinished } from 'vitest';
import { complaintsAbout } from '../harness/verdict.ts';
import { untilAllOver, untilCount } from '../harness/crash.ts';
import {
  createKubernetesInstallation,
  podComplaints,
  podImage,
  untilNoPodRuns,
} from '../harness/kubernetes-installation.ts';

it('a rolling restart of executor and API restarts no pod and spends no attempt', async () => {
  const installation = await createKubernetesInstallation();
  onTestFinished(installation.close);
  const { client, namespace, pods } = installation;
  const old = installation.start(['serve']);
  await installation.ready();
  await client.putImage({ name: 'busybox', reference: podImage });
  const submissions = Array.from({ length: 10 }, (_, index) => ({
    image: 'busybox',
    name: `steady-${index}`,
    command: ['sh', '-c', 'sleep 20; echo done'],
  }));
  const { jobs } = await client.submitJobs(submissions);
  await untilCount(client, 'running', 10, 60);
  const before = new Map(pods.pods);

  expect(await old.end('SIGTERM')).toBe(0);
  installation.start(['serve']);
  await installation.ready();
  const stories = await untilAllOver(client, 60);

  expect(
    complaintsAbout(
      jobs.map(({ id }) => id),
      stories,
    ),
  ).toEqual([]);
  expect(stories.map(({ job }) => [job.state, job.attempts.length])).toEqual(
    stories.map(() => ['completed', 1]),
  );
  expect(podComplaints(pods, stories)).toEqual([]);
  expect([...pods.pods.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  await untilNoPodRuns(namespace.name, 30);
});
