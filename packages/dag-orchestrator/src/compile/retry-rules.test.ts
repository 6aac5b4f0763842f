import { isOrchestratorError, type DagGraph, type Problem } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { loadDagFile } from './load.ts';

const compile = (text: string): DagGraph => loadDagFile('dag.yaml', Buffer.from(text)).graph;

const problemsOf = (text: string): readonly Problem[] => {
  try {
    compile(text);
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  throw new Error('was not refused');
};
const head = 'name: d\ndefaults: { image: busybox }\n';

test('a retry rule of the defaults is told once, and not where a node makes it good', () => {
  const defaults = 'name: d\ndefaults: { image: busybox, retry: { on: { exitCodes: [75] } } }\nnodes:\n';
  const rule = '  a: {}\n  b: {}\n  c: { retry: { maxRetries: 2 } }';
  expect(problemsOf(defaults + rule)).toMatchObject([
    {
      field: 'dag.yaml:2:38 defaults.retry.on',
      message: 'has no effect without retry.maxRetries of at least 1',
    },
  ]);
  expect(compile(`${defaults}  c: { retry: { maxRetries: 2 } }`).nodes).toHaveLength(1);
});

test('memory may grow from the limit of an image, which is not known yet', () => {
  const policy = 'retry: { maxRetries: 1, memory: { factor: 2, cap: 1Gi } }';
  expect(compile(`${head}nodes:\n  a: { ${policy} }`).nodes).toHaveLength(1);
});
