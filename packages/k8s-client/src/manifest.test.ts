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

test('our labels win over a user label of the same name', () => {
  expect(renderJob(full).metadata?.labels?.['job-orchestrator.io/attempt']).toBe('1');
});

test('a job that declares an output gets a collector, whose token no other container sees', () => {
  const job = renderJob(exampleLaunch({ output: true }), exampleCollector);
  expect(job).toMatchSnapshot();
  const mounts = job.spec?.template.spec?.containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
  expect(mounts?.map(({ name }) => name)).toEqual(['tmp', 'output']);
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
