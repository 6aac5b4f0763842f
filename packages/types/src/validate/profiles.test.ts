import { describe, expect, test } from 'vitest';
import { isOrchestratorError } from '../errors/orchestrator-error.ts';
import type { Problem } from '../errors/problems.ts';
import type { JobSpec } from '../vocabulary/job.ts';
import { chooseProfile, secretRefusal } from '../vocabulary/profile.ts';
import { validateProfile, validateSecretBinding } from './profiles.ts';
import { profileProblems } from './submissions.ts';

const problemsOf = (action: () => unknown): readonly Problem[] => {
  try {
    action();
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  return [];
};

describe('a profile', () => {
  test('takes what a pod takes, by the names that a pod has', () => {
    const profile = {
      name: 'gpu',
      description: 'one card each',
      defaultForTopics: ['training'],
      nodeSelector: { 'node.kubernetes.io/instance-type': 'g5' },
      tolerations: [
        { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
        { key: 'spot', operator: 'Equal', value: 'true', effect: 'NoExecute', tolerationSeconds: 60 },
        { operator: 'Exists' },
      ],
      priorityClassName: 'batch-high',
      serviceAccountName: 'trainer',
      runtimeClassName: 'nvidia',
      pullSecrets: ['registry'],
      localQueue: 'team-a',
      resources: { limits: { memory: '4Gi', 'nvidia.com/gpu': 1 }, sharedMemory: '1Gi' },
      maximum: { memory: '64Gi', 'nvidia.com/gpu': 2, 'amd.com/gpu': 0 },
    };
    expect(validateProfile(profile)).toEqual(profile);
  });

  test.each<[string, object, string, string]>([
    ['an unknown field', { serviceAcountName: 'x' }, 'serviceAcountName', 'did you mean serviceAccountName?'],
    ['a name that is none', { priorityClassName: 'Batch High' }, 'priorityClassName', 'a name of Kubernetes'],
    ['a label that is none', { nodeSelector: { 'a b': 'x' } }, 'nodeSelector.a b', 'label key'],
    ['a toleration of nothing', { tolerations: [{}] }, 'tolerations[0]', 'needs a key'],
    [
      'an effect',
      { tolerations: [{ key: 'a', effect: 'NoSchedul' }] },
      'tolerations[0].effect',
      'NoSchedule?',
    ],
    [
      'seconds without NoExecute',
      { tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 5 }] },
      'tolerations[0]',
      'NoExecute only',
    ],
    [
      'a value that no taint has',
      { tolerations: [{ key: 'a', operator: 'Equal', value: 'a b' }] },
      'tolerations[0]',
      'label',
    ],
    [
      'a value beside Exists',
      { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
      'tolerations[0]',
      'Equal',
    ],
    ['a maximum of no quantity', { maximum: { cpu: 'much' } }, 'maximum.cpu', 'between 1m and 10000 cores'],
    ['a maximum of 0 cores', { maximum: { cpu: '0' } }, 'maximum.cpu', 'between 1m'],
    [
      'a maximum that nothing holds',
      { maximum: { memory: '4Gi' } },
      'maximum.memory',
      'needs resources.limits.memory',
    ],
    [
      'defaults above the maximum',
      { resources: { limits: { cpu: 8 } }, maximum: { cpu: 4 } },
      'resources.limits.cpu',
      'must not be more than 4 under the profile p',
    ],
  ])('is refused for %s', (_name, fields, field, message) => {
    const [problem] = problemsOf(() => validateProfile({ name: 'p', ...fields }));
    expect(problem).toMatchObject({ field, message: expect.stringContaining(message) as string });
  });

  test('is the one that a job names, else that of its topic, else the one called default', () => {
    const rules = { resources: null, maximum: {}, defaultForTopics: [] };
    const profiles = [
      { ...rules, name: 'default' },
      { ...rules, name: 'gpu', defaultForTopics: ['training'] },
    ];
    expect(chooseProfile(profiles, { profile: 'gpu', topic: 'x' })?.name).toBe('gpu');
    expect(chooseProfile(profiles, { topic: 'training' })?.name).toBe('gpu');
    expect(chooseProfile(profiles, { profile: 'default', topic: 'training' })?.name).toBe('default');
    expect(chooseProfile(profiles, {})?.name).toBe('default');
    expect(chooseProfile(profiles.slice(1), {})).toBeNull();
    expect(chooseProfile(profiles, { profile: 'gpus' })).toBeUndefined();
  });

  test('bounds requests, limits, shared memory and the growth of memory', () => {
    const profile = { name: 'small', maximum: { memory: '2Gi', 'nvidia.com/gpu': '0' } };
    const spec = {
      resources: {
        requests: { memory: '1Gi' },
        limits: { memory: '3Gi', 'nvidia.com/gpu': '1', cpu: '99' },
        sharedMemory: '2.5Gi',
      },
      retry: { maxRetries: 1, infrastructureRetries: 0, memory: { factor: 2, cap: '8Gi' } },
    } as unknown as JobSpec;
    const rules = { ...profile, resources: null, defaultForTopics: [] };
    expect(profileProblems(spec, rules, []).map(({ field, limit }) => [field, limit])).toEqual([
      ['resources.limits.memory', '2Gi'],
      ['resources.limits.nvidia.com/gpu', '0'],
      ['resources.sharedMemory', '2Gi'],
      ['retry.memory.cap', '2Gi'],
    ]);
    expect(profileProblems(spec, null, [])).toEqual([]);
  });
});

describe('a secret', () => {
  test('is bound by a Secret and a key, and for topics and images', () => {
    const binding = {
      name: 'reports-api',
      secret: 'reports',
      key: 'token.txt',
      topics: ['reports'],
      images: ['r'],
    };
    expect(validateSecretBinding(binding)).toEqual(binding);
    expect(secretRefusal(binding, { topic: 'reports', image: 'r' })).toBeNull();
    expect(secretRefusal(binding, { topic: 'other', image: 'r' })).toContain('for the topics reports');
    expect(secretRefusal(binding, { topic: 'reports', image: 'x' })).toContain('for the images r');
    expect(secretRefusal({ topics: [], images: [] }, { topic: 'other', image: 'x' })).toBeNull();
  });

  test('has no place for a value', () => {
    const given = { name: 'a', secret: 's', key: 'k', value: 'hunter2' };
    expect(problemsOf(() => validateSecretBinding(given))).toMatchObject([{ field: 'value' }]);
  });
});
