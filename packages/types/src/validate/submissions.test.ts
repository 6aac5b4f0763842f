import { describe, expect, test } from 'vitest';
import { isOrchestratorError } from '../errors/orchestrator-error.ts';
import type { Problem } from '../errors/problems.ts';
import { limits } from '../vocabulary/limits.ts';
import { validateImageSubmission, validateJobBatch, validateJobSubmission } from './submissions.ts';

const problemsOf = (run: () => unknown): readonly Problem[] => {
  try {
    run();
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'invalid_input') return error.problems;
    throw error;
  }
  return [];
};

const jobProblems = (fields: object): readonly Problem[] =>
  problemsOf(() => validateJobSubmission({ image: 'etl', ...fields }));

describe('a job', () => {
  test('may use every field up to its limit', () => {
    const job = {
      image: 'a'.repeat(limits.nameChars),
      name: 'nightly-load',
      topic: 'batch',
      command: ['sh', '-c', 'echo "$(HOME)"'],
      args: ['', '--flag', 'ünï\ncode'],
      env: { A: 'x'.repeat(limits.envEntryBytes - 1), _b2: '' },
      inputs: { constructor: 'Ferrari', list: [1, 2.5, null, true] },
      output: true,
      resources: {
        requests: { cpu: '250m', memory: '64Mi' },
        limits: { cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1' },
      },
      priority: limits.priority.most,
      runAt: '2199-12-31T23:59:59.999Z',
      retry: { maxRetries: limits.maxRetries, infrastructureRetries: 0 },
      deadlines: { queueSeconds: 1, startSeconds: limits.deadlineSeconds },
      labels: {
        team: 'data',
        'example.com/cost-centre': 'A.1_b',
        'kueue.x-k8s.io/queue-name': 'q',
        empty: '',
      },
    };
    expect(validateJobSubmission(job)).toEqual(job);
  });

  const bad: [string, object, string, string][] = [
    ['an image name with a slash', { image: '../etc' }, 'image', 'lower-case'],
    ['an image name with a line break at its end', { image: 'etl\n' }, 'image', 'lower-case'],
    ['a name one character too long', { name: 'a'.repeat(64) }, 'name', '63'],
    ['an empty name', { name: '' }, 'name', 'empty'],
    ['a misspelt field', { imgae: 'x' }, 'imgae', 'did you mean image'],
    ['a topic with spaces', { topic: 'a b' }, 'topic', 'lower-case'],
    ['a command that is a string', { command: 'echo hi' }, 'command', 'a list'],
    ['an empty command', { command: [] }, 'command', 'program'],
    ['too many args', { args: Array.from({ length: 257 }, () => 'x') }, 'args', '256'],
    ['an argument over its size', { args: ['x'.repeat(65_537)] }, 'args[0]', '65536'],
    ['NUL in an argument', { args: ['a\0b'] }, 'args[0]', 'NUL'],
    ['a lone surrogate', { env: { A: '\ud800' } }, 'env.A', 'surrogate'],
    ['an env name that begins with a digit', { env: { '1A': 'x' } }, 'env.1A', 'begin with a digit'],
    ['an env name with a line break', { env: { 'A\nB': 'x' } }, 'env.A\nB', ''],
    [
      'an env name of ours',
      { env: { JOB_ORCHESTRATOR_OUTPUT: '/etc' } },
      'env.JOB_ORCHESTRATOR_OUTPUT',
      'reserved',
    ],
    ['an env value that is a number', { env: { A: 1 } }, 'env.A', 'a string'],
    ['an env value over 128 KiB', { env: { A: 'x'.repeat(131_070) } }, 'env.A', '131070'],
    ['env over its total size', { env: { A: 'x'.repeat(100_000), B: 'x'.repeat(100_000) } }, 'env', '196608'],
    ['inputs over their size', { inputs: { a: 'x'.repeat(131_072) } }, 'inputs', '131072'],
    ['inputs too deep', { inputs: { a: JSON.parse('['.repeat(65) + ']'.repeat(65)) as unknown } }, '', ''],
    ['an unsafe integer', { inputs: { a: 2 ** 60 } }, 'inputs.a', '9007199254740991'],
    ['a fraction as priority', { priority: 0.5 }, 'priority', 'whole number'],
    ['a priority out of range', { priority: 1_001 }, 'priority', '1000'],
    ['a date without a zone', { runAt: '2026-01-31T08:00:00' }, 'runAt', 'zone'],
    ['a date beyond 2199', { runAt: '2200-01-01T00:00:00Z' }, 'runAt', '2199'],
    ['the thirtieth of February', { runAt: '2026-02-30T08:00:00Z' }, 'runAt', 'date'],
    ['an hour that no day has', { runAt: '2026-02-28T25:00:00Z' }, 'runAt', 'date'],
    ['negative retries', { retry: { maxRetries: -1 } }, 'retry.maxRetries', 'at least 0'],
    ['a deadline of zero', { deadlines: { runSeconds: 0 } }, 'deadlines.runSeconds', 'at least 1'],
    [
      'cores for millicores',
      { resources: { requests: { cpu: '100M' } } },
      'resources.requests.cpu',
      '10000 cores',
    ],
    [
      'millibytes for mebibytes',
      { resources: { limits: { memory: '512m' } } },
      'resources.limits.memory',
      '1Mi',
    ],
    [
      'a request over its limit',
      { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      'resources.requests.cpu',
      'limit of 1',
    ],
    [
      'half a GPU',
      { resources: { limits: { 'nvidia.com/gpu': '0.5' } } },
      'resources.limits.nvidia.com/gpu',
      'whole number',
    ],
    [
      'an unknown resource',
      { resources: { limits: { ram: '1Gi' } } },
      'resources.limits.ram',
      'not a resource',
    ],
    [
      'a label of ours',
      { labels: { 'job-orchestrator.io/job-id': 'x' } },
      'labels.job-orchestrator.io/job-id',
      'reserved',
    ],
    [
      'a label of Kubernetes',
      { labels: { 'batch.kubernetes.io/job-name': 'x' } },
      'labels.batch.kubernetes.io/job-name',
      'reserved',
    ],
    ['a label key with a space', { labels: { 'a b': 'c' } }, 'labels.a b', 'at most 63 letters, digits'],
    ['a label key of 64', { labels: { ['k'.repeat(64)]: 'c' } }, '', 'at most 63'],
    ['a label value with a space', { labels: { a: 'b c' } }, 'labels.a', '63'],
    [
      'too many labels',
      { labels: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v'])) },
      'labels',
      '32',
    ],
  ];
  test.each(bad)('is refused with %s', (_name, fields, field, words) => {
    const problems = jobProblems(fields);
    expect(problems.length).toBeGreaterThan(0);
    if (field !== '') expect(problems.map((problem) => problem.field)).toContain(field);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(words);
  });

  test('is told every problem at once', () => {
    expect(jobProblems({ env: { '1A': 'x' }, labels: { 'a b': 'c' }, command: [''] })).toHaveLength(3);
  });

  test('is refused as a whole when it is too large, though each part fits', () => {
    const args = Array.from({ length: 5 }, () => 'x'.repeat(60_000));
    expect(jobProblems({ args })[0]).toMatchObject({ field: 'job', limit: limits.specBytes });
  });
});

describe('a batch', () => {
  test('is one job, a list, or a map with jobs', () => {
    expect(validateJobBatch({ image: 'a' }).jobs).toHaveLength(1);
    expect(validateJobBatch([{ image: 'a' }, { image: 'b' }]).jobs).toHaveLength(2);
    expect(validateJobBatch({ jobs: [{ image: 'a' }] }).jobs).toHaveLength(1);
  });

  test('names the job and the field that is wrong', () => {
    const problems = problemsOf(() =>
      validateJobBatch({ jobs: [{ image: 'a' }, { image: 'a', env: { '': 'x' } }] }),
    );
    expect(problems[0]?.field).toBe('jobs[1].env.');
  });

  test.each([
    [[]],
    [{ jobs: [] }],
    [{ jobs: Array.from({ length: 1_001 }, () => ({ image: 'a' })) }],
    ['text'],
    [null],
    [7],
  ])('is refused when it holds no job, too many, or is no batch at all (%#)', (value) => {
    expect(problemsOf(() => validateJobBatch(value)).length).toBeGreaterThan(0);
  });
});

describe('an image', () => {
  test.each([
    'busybox',
    'localhost/busybox:1',
    'registry.example:5000/team/etl:1.4',
    'ghcr.io/a/b@sha256:' + 'a'.repeat(64),
  ])('may be %s', (reference) => {
    expect(problemsOf(() => validateImageSubmission({ name: 'etl', reference }))).toEqual([]);
  });

  test.each(['', 'UPPER/Case', 'a b', 'a:', 'a@sha256:short', '-x', 'a//b', 'a\nb', 'a:' + 'x'.repeat(129)])(
    'may not be %j',
    (reference) => {
      expect(problemsOf(() => validateImageSubmission({ name: 'etl', reference }))[0]?.field).toBe(
        'reference',
      );
    },
  );

  test('may not run as root', () => {
    const problems = problemsOf(() => validateImageSubmission({ name: 'etl', reference: 'a', runAsUser: 0 }));
    expect(problems[0]).toMatchObject({ field: 'runAsUser' });
  });
});
