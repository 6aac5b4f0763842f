import { isOrchestratorError } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { loadDagFile } from './load.ts';

const compile = (nodes: string) =>
  loadDagFile('dag.yaml', Buffer.from(`name: d\ndefaults: { image: busybox }\nnodes:\n${nodes}`)).graph;

const refusal = (nodes: string): string => {
  try {
    compile(nodes);
  } catch (error) {
    if (isOrchestratorError(error))
      return error.problems.map(({ field, message }) => `${field} ${message}`).join();
    throw error;
  }
  throw new Error('was not refused');
};

test('a node says how old a cached result may be; without a cache it says nothing', () => {
  const { nodes } = compile(
    '  a: { cache: true }\n  b: { cache: { maxAgeSeconds: 60 } }\n  c: { cache: false }\n  d: { cache: {} }',
  );
  const any = { maxAgeSeconds: null };
  expect(nodes.map((node) => node.kind === 'job' && node.cache)).toEqual([
    any,
    { maxAgeSeconds: 60 },
    undefined,
    any,
  ]);
});

test.each<[string, string, string, string]>([
  ['a word of others', 'memoize: {}', 'dag.yaml:4:8 nodes.a.memoize', '`cache: true`'],
  ['a text', 'cache: 1d', 'dag.yaml:4:15 nodes.a.cache', 'must be true, false or a map'],
  ['an unknown field', 'cache: { maxAge: 1 }', 'nodes.a.cache.maxAge', 'maxAgeSeconds'],
  ['an age below a second', 'cache: { maxAgeSeconds: 0 }', 'nodes.a.cache.maxAgeSeconds', '1'],
  [
    'a question',
    'cache: true, approval: { message: Go on? }',
    'dag.yaml:4:8 nodes.a.cache',
    'it runs nothing',
  ],
  [
    'another DAG',
    'cache: true, dag: { name: b }',
    'dag.yaml:4:8 nodes.a.cache',
    'the other DAG says what it runs',
  ],
])('%s is refused with its place and what was meant', (_what, node, place, meant) => {
  const told = refusal(`  a: { ${node} }`);
  expect(told).toContain(place);
  expect(told).toContain(meant);
});
