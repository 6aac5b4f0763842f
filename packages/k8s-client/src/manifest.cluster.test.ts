import type { AttemptLaunch } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { renderJob } from './manifest.ts';
import { createTestNamespace, type TestNamespace } from './testing/cluster.ts';
import { exampleCollector, exampleLaunch } from './testing/launches.ts';

type Placement = NonNullable<AttemptLaunch['placement']>;

const nothing: Placement = {
  nodeSelector: {},
  tolerations: [],
  priorityClassName: null,
  serviceAccountName: null,
  runtimeClassName: null,
  pullSecrets: [],
  localQueue: null,
};

/** One for each field of a profile, and one with all of them. */
const placements = (name: string): readonly Placement[] => {
  const single: readonly Partial<Placement>[] = [
    { nodeSelector: { 'node.kubernetes.io/instance-type': 'large' } },
    { tolerations: [{ operator: 'Exists' }] },
    {
      tolerations: [
        { key: 'spot', operator: 'Equal', value: 'true', effect: 'NoExecute', tolerationSeconds: 60 },
      ],
    },
    { priorityClassName: name },
    { serviceAccountName: 'trainer' },
    { runtimeClassName: name },
    { pullSecrets: ['registry', 'mirror'] },
    { localQueue: 'team-a' },
  ];
  const all = Object.assign({}, ...single) as Partial<Placement>;
  return [...single, all].map((each) => ({ ...nothing, ...each }));
};

// A real API server, asked to admit without keeping: set KUBECONFIG to run it.
describe.skipIf(process.env['KUBECONFIG'] === undefined)(
  'under Pod Security restricted of a real API server',
  () => {
    let namespace: TestNamespace;
    const clusterWide = [
      '/apis/scheduling.k8s.io/v1/priorityclasses',
      '/apis/node.k8s.io/v1/runtimeclasses',
    ] as const;

    const post = (path: string, body: object) => namespace.api.json<unknown>({ method: 'POST', path, body });
    const dryRun = async (path: string, body: object): Promise<string> => {
      const answer = await post(`${path}?dryRun=All&fieldValidation=Strict`, body);
      return answer.kind === 'ok' ? 'admitted' : answer.message;
    };
    const ofAttempt = (launch: AttemptLaunch) => {
      const job = renderJob(launch, exampleCollector);
      const pod = {
        metadata: { generateName: 'dry-', ...job.spec?.template.metadata },
        spec: job.spec?.template.spec,
      };
      const base = `namespaces/${namespace.name}`;
      return { job, pod, jobs: `/apis/batch/v1/${base}/jobs`, pods: `/api/v1/${base}/pods` };
    };

    beforeAll(async () => {
      namespace = await createTestNamespace();
      const { name } = namespace;
      await post(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'trainer' } });
      await post(clusterWide[0], { metadata: { name }, value: 10 });
      await post(clusterWide[1], { metadata: { name }, handler: 'runc' });
      const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
      await vi.waitFor(
        async () => expect(await namespace.api.json({ method: 'GET', path })).toMatchObject({ kind: 'ok' }),
        20_000,
      );
    });
    afterAll(async () => {
      for (const path of clusterWide)
        await namespace.api.json({ method: 'DELETE', path: `${path}/${namespace.name}` });
      await namespace.close();
    });

    test('the Job and the pod of every profile are admitted, without a field that the server does not know', async () => {
      const resources = { limits: { memory: '1Gi', 'example.test/device': '1' }, sharedMemory: '64Mi' };
      const secretEnv = { API_TOKEN: { secret: 'reports', key: 'token' } };
      const all = placements(namespace.name);
      expect(all).toHaveLength(9);
      for (const placement of all) {
        const launch = {
          ...exampleLaunch({ output: true, inputs: { a: 1 }, resources }),
          secretEnv,
          placement,
        };
        const { job, pod, jobs, pods } = ofAttempt(launch);
        const answers = [await dryRun(jobs, job), await dryRun(pods, pod)];
        expect({ placement, answers }).toEqual({ placement, answers: ['admitted', 'admitted'] });
      }
    });

    test('and it would not admit what a submitter cannot set', async () => {
      const { pod, pods } = ofAttempt(exampleLaunch());
      const privileged = structuredClone(pod) as { spec: { hostNetwork?: boolean } };
      privileged.spec.hostNetwork = true;
      expect(await dryRun(pods, privileged)).toContain('violates PodSecurity "restricted');
    });
  },
);
