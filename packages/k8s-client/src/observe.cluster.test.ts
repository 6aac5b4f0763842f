import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildLaunch, unguarded, waitUntil } from '@job-orchestrator/executor-core/testing';
import {
  installationId,
  type AttemptLaunch,
  type AttemptRef,
  type JobRuntime,
  type JobSpec,
  type LogSource,
  type Observation,
} from '@job-orchestrator/types';
import { createKubernetesRuntime } from './index.ts';
import { renderJob } from './manifest.ts';
import { createTestNamespace, type TestNamespace } from './testing/cluster.ts';
import { exampleLaunch } from './testing/launches.ts';
import { silentLog } from './testing/silent-log.ts';

const installation = installationId('0190a000-0000-7000-8000-0000c0ffee02');
const forever = 'while :; do sleep 1 & wait $!; done';
const trapped = `trap 'echo got TERM; exit 0' TERM; echo begun; ${forever}`;

// What the fixtures of observe.test.ts claim, seen on a real cluster: set KUBECONFIG to run it.
describe.skipIf(process.env['KUBECONFIG'] === undefined)('on a real cluster', { timeout: 120_000 }, () => {
  let namespace: TestNamespace;
  let runtime: JobRuntime & LogSource;

  beforeAll(async () => {
    namespace = await createTestNamespace();
    const credentials = await namespace.minimal();
    runtime = await createKubernetesRuntime({
      namespace: namespace.name,
      credentials,
      installation,
      log: silentLog,
    });
    await runtime.start(() => undefined);
  });
  afterAll(async () => {
    await runtime.close();
    await namespace.close();
  });

  const launchOf = (script: string, spec: Partial<JobSpec> = {}): AttemptLaunch =>
    buildLaunch(installation, {
      imageReference: 'localhost/busybox:1',
      command: ['sh', '-c', script],
      ...spec,
    });
  const run = async (script: string, spec: Partial<JobSpec> = {}): Promise<AttemptRef> => {
    const launch = launchOf(script, spec);
    const outcome = await runtime.ensure(launch, unguarded);
    if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
    return { ...launch, object: outcome.object };
  };
  const until = async (ref: AttemptRef, fits: (seen: Observation) => boolean): Promise<Observation> => {
    let last: Observation | null = null;
    const look = async (): Promise<Observation | null> => {
      last = await runtime.observe(ref);
      return fits(last) ? last : null;
    };
    return waitUntil('the observation', look, { timeoutMs: 40_000 }).catch((error: unknown) => {
      throw new Error(`last seen: ${JSON.stringify(last)}`, { cause: error });
    });
  };
  const ended = (ref: AttemptRef): Promise<Observation> => until(ref, ({ kind }) => kind === 'ended');
  const podOf = async (ref: AttemptRef): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace.name}/pods?labelSelector=job-orchestrator.io/attempt-id=${ref.attemptId}`;
    const answer = await namespace.api.json<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path,
    });
    return answer.kind === 'ok' ? (answer.body.items[0]?.metadata.name ?? '') : '';
  };
  const begun = async (ref: AttemptRef): Promise<void> => {
    const look = async (): Promise<true | null> =>
      Buffer.from((await runtime.logTail(ref, 100))?.bytes ?? []).includes('begun') || null;
    await waitUntil('the first line', look, { timeoutMs: 40_000 });
  };

  test.concurrent('the API server accepts the manifest, strictly', async () => {
    const full = exampleLaunch({
      inputs: { a: 1 },
      env: { A: '$(B)' },
      resources: { requests: { cpu: '100m' }, limits: { memory: '64Mi', 'ephemeral-storage': '1Gi' } },
      labels: { team: 'a' },
      runAsUser: 1_000,
    });
    const avoiding = { ...exampleLaunch(), avoidNode: 'node-1' };
    for (const launch of [exampleLaunch({ command: null, args: null }), full, avoiding]) {
      const path = `/apis/batch/v1/namespaces/${namespace.name}/jobs?dryRun=All&fieldValidation=Strict`;
      const answer = await namespace.api.json({ method: 'POST', path, body: renderJob(launch) });
      expect(answer).toMatchObject({ kind: 'ok', status: 201 });
    }
  });

  test.concurrent('a Job that Kubernetes finds invalid is refused with its words', async () => {
    const outcome = await runtime.ensure(
      launchOf('true', { resources: { requests: { cpu: 'many' } } }),
      unguarded,
    );
    expect(outcome).toMatchObject({ kind: 'refused', failure: { reason: 'launch_refused' } });
  });

  test.concurrent(
    'a stopped program that answers with 0 is no success, and its last words are kept',
    async () => {
      const ref = await run(trapped);
      await begun(ref);
      expect(await runtime.stop(ref, 10)).toBe(true);
      expect(await ended(ref)).toMatchObject({ exit: { exitCode: 0, failure: { reason: 'cancelled' } } });
      const look = async (): Promise<string | null> => {
        const text = Buffer.from((await runtime.logTail(ref, 1_000))?.bytes ?? []).toString();
        return text.includes('TERM') ? text : null;
      };
      expect(await waitUntil('the last words', look, { timeoutMs: 20_000 })).toBe('begun\ngot TERM\n');
      await waitUntil('the pod to be gone', async () => ((await podOf(ref)) === '' ? true : null), {
        timeoutMs: 20_000,
      });
      expect(Buffer.from((await runtime.logTail(ref, 1_000))?.bytes ?? []).toString()).toBe(
        'begun\ngot TERM\n',
      );
      expect(await runtime.observe(ref)).toMatchObject({ kind: 'ended', exit: { exitCode: 0 } });
    },
  );

  test.concurrent('out of memory', async () => {
    const ref = await run('x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done', {
      resources: { limits: { memory: '16Mi' } },
    });
    expect(await ended(ref)).toMatchObject({ exit: { exitCode: 137, failure: { reason: 'oom_killed' } } });
  });

  test.concurrent('evicted through the API: disrupted, and exit code 0 is no success', async () => {
    const ref = await run(trapped);
    await begun(ref);
    const pod = await podOf(ref);
    const path = `/api/v1/namespaces/${namespace.name}/pods/${pod}/eviction`;
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: pod, namespace: namespace.name },
    };
    expect(await namespace.api.json({ method: 'POST', path, body })).toMatchObject({ kind: 'ok' });
    expect(await ended(ref)).toMatchObject({ exit: { exitCode: 0, failure: { reason: 'suspect_success' } } });
  });

  test.concurrent(
    'a pod deleted by somebody is an infrastructure failure, a Job deleted is absent',
    async () => {
      const [one, other] = [await run(`trap 'exit 143' TERM; ${forever}`), await run(trapped)];
      await Promise.all([one, other].map((ref) => until(ref, ({ kind }) => kind === 'running')));
      await namespace.api.json({
        method: 'DELETE',
        path: `/api/v1/namespaces/${namespace.name}/pods/${await podOf(one)}`,
      });
      expect(await ended(one)).toMatchObject({
        exit: { failure: { reason: 'object_deleted', category: 'infrastructure' } },
      });
      const path = `/apis/batch/v1/namespaces/${namespace.name}/jobs/${other.object?.name ?? ''}?propagationPolicy=Background`;
      await namespace.api.json({ method: 'DELETE', path });
      await until(other, ({ kind }) => kind === 'absent');
    },
  );

  test.concurrent('a node that is to be avoided is taken where there is no other', async () => {
    const nodes = await namespace.api.json<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path: '/api/v1/nodes',
    });
    const node = nodes.kind === 'ok' ? (nodes.body.items[0]?.metadata.name ?? '') : '';
    const launch = { ...launchOf('true'), avoidNode: node };
    const outcome = await runtime.ensure(launch, unguarded);
    if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
    expect(await ended({ ...launch, object: outcome.object })).toMatchObject({ exit: { exitCode: 0, node } });
  });

  test.concurrent('no node is large enough', async () => {
    const ref = await run('true', { resources: { requests: { cpu: '1000' } } });
    const seen = await until(ref, (each) => each.kind === 'waiting' && each.reason === 'unschedulable');
    expect(seen).toMatchObject({ message: expect.stringContaining('1 has too little free cpu') as string });
    expect(await runtime.stop(ref, 10)).toBe(true);
    expect(await ended(ref)).toMatchObject({ exit: { exitCode: null } });
  });

  test.concurrent('an image that cannot be had, and one that has no name', async () => {
    const absent = await run('true', { imageReference: 'localhost/absent:1' });
    await until(
      absent,
      (each) => (each.kind === 'waiting' && each.reason === 'image_problem') || each.kind === 'refused',
    );
    const nameless = await run('true', { imageReference: 'localhost/UPPER:1' });
    const seen = await until(nameless, ({ kind }) => kind === 'refused');
    expect(seen).toMatchObject({ graceMs: 0, failure: { reason: 'invalid_image_name' } });
    await Promise.all([absent, nameless].map((ref) => runtime.remove(ref)));
  });
});

describe.skipIf(process.env['KUBECONFIG'] === undefined)('with quota on a real cluster', () => {
  test('no pod allowed: the Job waits and says so; no Job allowed: busy', async () => {
    const namespace = await createTestNamespace();
    const runtime = await createKubernetesRuntime({
      namespace: namespace.name,
      credentials: await namespace.minimal(),
      installation,
      log: silentLog,
    });
    await runtime.start(() => undefined);
    const setQuota = async (name: string, hard: object): Promise<void> => {
      const path = `/api/v1/namespaces/${namespace.name}/resourcequotas`;
      await namespace.api.json({ method: 'POST', path, body: { metadata: { name }, spec: { hard } } });
      const known = async (): Promise<true | null> => {
        const answer = await namespace.api.json<{ status?: { hard?: object } }>({
          method: 'GET',
          path: `${path}/${name}`,
        });
        return answer.kind === 'ok' && answer.body.status?.hard !== undefined ? true : null;
      };
      await waitUntil('the quota', known, { timeoutMs: 20_000 });
    };
    try {
      await setQuota('pods', { pods: '0' });
      const launch = buildLaunch(installation, { imageReference: 'localhost/busybox:1', command: ['true'] });
      const outcome = await runtime.ensure(launch, unguarded);
      const ref = { ...launch, object: outcome.kind === 'created' ? outcome.object : null };
      const look = async (): Promise<Observation | null> => {
        const seen = await runtime.observe(ref);
        return seen.kind === 'waiting' && seen.reason === 'quota' ? seen : null;
      };
      expect(await waitUntil('quota', look, { timeoutMs: 20_000 })).toMatchObject({
        message: expect.stringContaining('0 of 0 used') as string,
      });
      await setQuota('jobs', { 'count/jobs.batch': '0' });
      expect(await runtime.ensure(buildLaunch(installation, { command: ['true'] }), unguarded)).toMatchObject(
        {
          kind: 'busy',
        },
      );
    } finally {
      await runtime.close();
      await namespace.close();
    }
  });
});
