import { isOrchestratorError } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { loadDagFile } from '../compile/load.ts';

const problemsOf = (text: string): readonly string[] => {
  try {
    loadDagFile('dag.yaml', Buffer.from(`name: d\ndefaults: { image: sh }\n${text}`));
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    return error.problems.map(({ field, message, limit }) => `${field} ${message} ${limit ?? ''}`.trim());
  }
  return [];
};

describe('what is plainly wrong is refused before anything runs:', () => {
  test.each([
    ["a: { when: '5' }", 'dag.yaml:4:15 nodes.a.when gives a number, and must give true or false'],
    [`a: { when: '"yes"' }`, 'dag.yaml:4:15 nodes.a.when gives a text, and must give true or false'],
    ["a: { when: '[true]' }", 'dag.yaml:4:15 nodes.a.when gives a list, and must give true or false'],
    ["a: { forEach: '{1: 2}' }", 'dag.yaml:4:18 nodes.a.forEach gives a map, and must give a list'],
  ])('%s', (node, told) => expect(problemsOf(`nodes:\n  ${node}`)).toEqual([told]));

  test.each(['true', '1 < 2', 'inputs.n', '${{ inputs.n == 5 }}'])('but not when: %s', (when) =>
    expect(problemsOf(`inputs: { n: {} }\nnodes: { a: { when: '${when}' } }`)).toEqual([]),
  );

  test.each([
    ['type: string, minLength: 3, maxLength: 2', 'minLength is more than `maxLength`: no value fits 2'],
    ['type: integer, minimum: 3, maximum: 2.5', 'minimum is more than `maximum`: no value fits 2.5'],
    ['type: array, minItems: 3, maxItems: 2', 'minItems is more than `maxItems`: no value fits 2'],
  ])('%s', (schema, told) => {
    const [problem, ...others] = problemsOf(`inputs: { n: { anyOf: [{ ${schema} }] } }\nnodes: { a: {} }`);
    expect(problem).toContain(`inputs.n.anyOf[0].${told}`);
    expect(others).toEqual([]);
    expect(problemsOf(`nodes: { a: { outputs: { n: { ${schema} } } } }`)[0]).toContain(
      `nodes.a.outputs.n.${told}`,
    );
  });

  test('bounds that one value fits are none of it', () => {
    expect(problemsOf('inputs: { n: { minLength: 2, maxLength: 2 } }\nnodes: { a: {} }')).toEqual([]);
  });
});

test('a bad name is told where it is given, and not again where it is used', () => {
  const text =
    "groups: { 'G X': { mode: parallel } }\nnodes:\n  A_b: {}\n  c: { needs: [A_b], group: 'G X', when: nodes.A_b.state == 'failed' }";
  expect(problemsOf(text).map((problem) => problem.split(' must ')[0])).toEqual([
    'dag.yaml:5:3 nodes.A_b',
    'dag.yaml:3:11 groups.G X',
  ]);
});
