import { errorCatalogue } from '@job-orchestrator/types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { escapeExpansion, refuseLaunch, renderJob, renderedLimitBytes } from './manifest.ts';
import { exampleCollector, exampleLaunch } from './testing/launches.ts';

const full = exampleLaunch({
  env: { GREETING: 'hello $(HOME) $$ $HOME', HOME: '/home/me' },
  command: ['/bin/tool', '$(X)'],
  args: ['a b', '$$'],
  inputs: { chunk: 3, words: ['ä', '$(X)'] },
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
  runAsUser: 1_000,
  labels: { team: 'a', 'job-orchestrator.io/attempt': '99' },
  deadlines: { queueSeconds: 1, startSeconds: 600, runSeconds: 3_600, finalizeSeconds: 1 },
});

test('the smallest job', () => {
  expect(renderJob(exampleLaunch({ command: null, args: null }))).toMatchSnapshot();
});

test('a job that uses everything', () => {
  expect(renderJob(full)).toMatchSnapshot();
});

test('after a fault of its node another is preferred, by name', () => {
  const { affinity } = renderJob({ ...exampleLaunch(), avoidNode: 'node-7' }).spec?.template.spec ?? {};
  expect(affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution).toEqual([
    {
      weight: 100,
      preference: { matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['node-7'] }] },
    },
  ]);
  expect(affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toBeUndefined();
});

test('our labels win over a user label of the same name', () => {
  expect(renderJob(full).metadata?.labels?.['job-orchestrator.io/attempt']).toBe('1');
});

test('a job that declares an output gets a collector, whose token no other container sees', () => {
  const job = renderJob(exampleLaunch({ output: true }), exampleCollector);
  expect(job).toMatchSnapshot();
  const mounts = job.spec?.template.spec?.containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
  expect(mounts?.map(({ name }) => name)).toEqual(['tmp', 'output']);
});

test('a collector has the limits that an administrator set, and stops trying before its pod is killed', () => {
  const settings = { ...exampleCollector, serviceUrl: null, limits: { bytes: 1_048_576, files: 7 } };
  const pod = renderJob(exampleLaunch({ output: true }), settings).spec?.template.spec;
  const env = Object.fromEntries(
    pod?.initContainers?.[0]?.env?.map(({ name, value }) => [name, value]) ?? [],
  );
  expect(env).toMatchObject({ OUTPUT_LIMIT_BYTES: '1048576', OUTPUT_LIMIT_FILES: '7' });
  expect(env).not.toHaveProperty('API_URL');
  expect(Number(env['MAX_WAIT_SECONDS'])).toBeLessThan(pod?.terminationGracePeriodSeconds ?? 0);
});

test('a job that declares no output gets no collector', () => {
  expect(renderJob(full, exampleCollector)).toEqual(renderJob(full));
  expect(renderJob(full).spec?.template.spec?.initContainers).toBeUndefined();
});

test('an output without a collector is refused with the sentence of output_not_supported', () => {
  const launch = exampleLaunch({ output: true });
  const { title } = errorCatalogue.output_not_supported;
  expect(refuseLaunch(launch, renderJob(launch))).toMatchObject({
    reason: 'launch_refused',
    message: expect.stringContaining(title) as string,
  });
  expect(refuseLaunch(launch, renderJob(launch, exampleCollector), exampleCollector)).toBeNull();
});

test('a job whose rendered form is too large is refused with size and limit', () => {
  const launch = exampleLaunch({ env: { BIG: '"'.repeat(600_000) } });
  expect(refuseLaunch(launch, renderJob(launch))?.message).toContain(String(renderedLimitBytes));
  expect(refuseLaunch(full, renderJob(full))).toBeNull();
});

const placement = {
  nodeSelector: { pool: 'gpu' },
  tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
  priorityClassName: 'batch',
  serviceAccountName: 'trainer',
  runtimeClassName: 'nvidia',
  pullSecrets: ['mirror', 'registry'],
  localQueue: 'team-a',
} as const;

test('what a profile says stands in the pod, field by field', () => {
  const spec = renderJob({ ...exampleLaunch({ pullSecrets: ['registry'] }), placement }).spec?.template.spec;
  expect(spec).toMatchObject({
    nodeSelector: { pool: 'gpu' },
    tolerations: [{ key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
    priorityClassName: 'batch',
    serviceAccountName: 'trainer',
    runtimeClassName: 'nvidia',
    imagePullSecrets: [{ name: 'registry' }, { name: 'mirror' }],
    automountServiceAccountToken: false,
  });
});

test('a profile that says nothing changes nothing', () => {
  const nothing = {
    priorityClassName: null,
    serviceAccountName: null,
    runtimeClassName: null,
    localQueue: null,
  };
  const empty = { ...nothing, nodeSelector: {}, tolerations: [], pullSecrets: [] };
  expect(renderJob({ ...exampleLaunch(), placement: empty })).toEqual(renderJob(exampleLaunch()));
});

test('a queue of Kueue is a label of the Job and of no pod; what the job names wins over its profile', () => {
  const label = 'kueue.x-k8s.io/queue-name';
  const queueOf = (spec: Parameters<typeof exampleLaunch>[0], placed = {}) => {
    const job = renderJob({ ...exampleLaunch(spec), ...placed });
    expect(job.spec?.template.metadata?.labels).not.toHaveProperty([label]);
    return job.metadata?.labels?.[label];
  };
  expect(queueOf({}, { placement })).toBe('team-a');
  expect(queueOf({ localQueue: 'team-b' }, { placement })).toBe('team-b');
  expect(queueOf({ labels: { [label]: 'team-c' } }, { placement })).toBe('team-c');
  expect(queueOf({})).toBeUndefined();
});

test('secrets come by reference, to the main container alone', () => {
  const secretEnv = { API_TOKEN: { secret: 'reports', key: 'token' } };
  const job = renderJob({ ...exampleLaunch({ output: true }), secretEnv }, exampleCollector);
  const { containers = [], initContainers = [] } = job.spec?.template.spec ?? {};
  expect(containers[0]?.env).toContainEqual({
    name: 'API_TOKEN',
    valueFrom: { secretKeyRef: { name: 'reports', key: 'token' } },
  });
  expect(JSON.stringify(initContainers)).not.toContain('reports');
});

test('shared memory is a volume in memory of its size, and /tmp as large as the disk that a job is given', () => {
  const resources = { limits: { memory: '1Gi', 'ephemeral-storage': '20Gi' }, sharedMemory: '256Mi' };
  const { volumes, containers = [] } = renderJob(exampleLaunch({ resources })).spec?.template.spec ?? {};
  expect(volumes).toContainEqual({ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } });
  expect(volumes).toContainEqual({ name: 'tmp', emptyDir: { sizeLimit: '20Gi' } });
  expect(containers[0]?.volumeMounts).toContainEqual({ name: 'shm', mountPath: '/dev/shm' });
  expect(containers[0]?.resources).toEqual({ limits: { memory: '1Gi', 'ephemeral-storage': '20Gi' } });
});

/** What kubelet does to commands, arguments and values (`third_party/forked/golang/expansion/expand.go`). */
const expand = (input: string, variables: Record<string, string>): string => {
  let [output, index] = ['', 0];
  while (index < input.length) {
    const rest = input.slice(index + 1);
    const variable = /^\(([^)]*)\)/.exec(rest);
    if (input[index] !== '$' || rest === '') [output, index] = [output + input[index], index + 1];
    else if (rest.startsWith('$')) [output, index] = [`${output}$`, index + 2];
    else if (variable !== null) {
      output += variables[variable[1] ?? ''] ?? `$${variable[0]}`;
      index += 1 + variable[0].length;
    } else [output, index] = [`${output}$${rest[0]}`, index + 2];
  }
  return output;
};

test('whatever the text, Kubernetes gives it to the program as it was written', () => {
  const text = fc
    .array(fc.constantFrom('$', '(', ')', 'X', 'ä', ' '), { maxLength: 30 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (value) => expand(escapeExpansion(value), { X: 'EXPANDED' }) === value),
    { numRuns: 2_000 },
  );
  expect(expand('$(X) $$(X)', { X: 'EXPANDED' })).toBe('EXPANDED $(X)');
});
