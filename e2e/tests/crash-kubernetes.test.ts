import { expect, it, onTestFinished } from 'vitest';
import {
  cancelEndless,
  complaintsAfterCrash,
  submitAll,
  untilAllOver,
  untilCount,
} from '../harness/crash.ts';
import { eventually } from '../harness/eventually.ts';
import { listAttemptJobs } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podComplaints,
  podImage,
  untilNoPodRuns,
} from '../harness/kubernetes-installation.ts';
import { planWorkload } from '../harness/workload.ts';

const fast = { EXECUTOR_BATCH_SIZE: '100', EXECUTOR_LAUNCH_RATE: '100' };

it('200 Kubernetes Jobs survive kill -9 of executors and API: each ends once, none is restarted, no pod is left', async () => {
  const installation = await createKubernetesInstallation(fast);
  onTestFinished(installation.close);
  const { client, namespace, pods } = installation;
  const plan = planWorkload(200, { seconds: 10, image: 'busybox' });

  const api = installation.start(['api']);
  const first = installation.start(['executor'], { EXECUTOR_INSTANCE_ID: 'first' });
  await installation.ready();
  await client.putImage({ name: 'busybox', reference: podImage });
  const ids = await submitAll(client, plan);
  await untilCount(client, 'running', 20, 90);
  const second = installation.start(['executor'], { EXECUTOR_INSTANCE_ID: 'second' });
  await eventually(
    'both executors live',
    30,
    async () => (await client.listExecutors()).items.filter(({ live }) => live).length === 2,
  );
  await cancelEndless(client, plan, ids);
  await Promise.all([first.end('SIGKILL'), api.end('SIGKILL')]);

  installation.start(['api']);
  await installation.ready();
  await untilCount(client, 'completed', 40, 90);
  await second.end('SIGKILL');
  installation.start(['executor'], { EXECUTOR_INSTANCE_ID: 'third' });
  const stories = await untilAllOver(client, 200);

  expect(complaintsAfterCrash(plan, ids, stories)).toEqual([]);
  expect(podComplaints(pods, stories)).toEqual([]);
  await untilNoPodRuns(namespace.name, 30);
  const attempts = new Set(stories.flatMap(({ job }) => job.attempts.map(({ object }) => object?.name)));
  const strangers = (await listAttemptJobs(namespace.name)).filter(
    ({ metadata }) => !attempts.has(metadata.name),
  );
  expect(strangers).toEqual([]);
});
