import { isOrchestratorError, type Problem } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { loadDagFile } from '../compile/load.ts';
import { placesIn } from './place-faults.ts';

const head = 'name: d\ndefaults: { image: x }\n';

const faultsOf = (text: string): readonly Problem[] => {
  try {
    loadDagFile('dag.yaml', Buffer.from(`${head}${text}`));
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  throw new Error('was not refused');
};

/** What stands over the carets of the first fault. */
const marked = (text: string): string => {
  const [line = '', carets = ''] = (faultsOf(text)[0]?.excerpt ?? '').split('\n');
  const [start, end] = [carets.indexOf('^'), carets.lastIndexOf('^') + 1];
  return line.slice(start, end);
};

describe('the caret stands under', () => {
  test.each([
    ['a value that is wrong', 'nodes:\n  a:\n    priority: high', 'high'],
    ['a quoted one', 'nodes:\n  a:\n    env: { A: x }\n    triggerRule: "al_done"', '"al_done"'],
    ['a list in brackets', 'nodes:\n  a: { env: { A: [x, y] } }', '[x, y]'],
    ['an item of a list', 'nodes:\n  a:\n    args:\n      - x\n      - 3', '3'],
    ['the name of a block of lines', 'nodes:\n  a:\n    env:\n      - x', 'env'],
    ['the name of a value that is missing', 'nodes:\n  a:\n    run:', 'run'],
    ['a name that is not known', 'nodes:\n  a: { needz: [b] }', 'needz'],
    ['a long one', `nodes:\n  a: { ${'x'.repeat(70)}: 1 }`, 'x'.repeat(70)],
    ['whom a required field is missing', 'groups: { g: {} }\nnodes: { a: {} }', 'g'],
    ['the word of an expression', 'nodes:\n  a: { when: "run.stat == 1" }', 'stat'],
  ])('%s', (_what, text, words) => expect(marked(text)).toBe(words));
});

describe('what was meant is told for', () => {
  const nodes = (more: string) =>
    `inputs: { day: {} }\ngroups: { loads: { mode: parallel } }\nnodes:\n  load-all: { outputs: { rows: {} } }\n  b:\n    needs: [load-all]\n    ${more}`;
  test.each([
    ['a field', 'nodes: { a: { triggerRul: x } }', 'did you mean triggerRule?'],
    ['a field of another case', 'nodes: { a: { Needs: [b] } }', 'did you mean needs?'],
    ['a need', 'nodes: { load-all: {}, b: { needs: [load_all] } }', 'did you mean load-all?'],
    ['one letter of another case', 'nodes: { a: {}, b: { needs: [A] } }', 'did you mean a?'],
    ['letters in another order', nodes("when: inputs.dya == 'x'"), 'did you mean inputs.day?'],
    ['a node within an expression', nodes('env: { A: "${{ nodes.loadall.state }}" }'), 'nodes["load-all"]'],
    ['an output', nodes('env: { A: \'${{ nodes["load-all"].outputs.row }}\' }'), 'did you mean rows?'],
    ['a group', nodes('group: laods'), 'did you mean loads?'],
    ['a word of a list', nodes('triggerRule: all-done'), 'did you mean all_done?'],
    ['a type', 'inputs: { n: { type: int } }\nnodes: { a: {} }', 'integer'],
  ])('%s', (_what, text, words) => expect(faultsOf(text)[0]?.message).toContain(words));

  test('neither the node itself nor what it needs already, and nothing that is far off', () => {
    const own = faultsOf('nodes: { load1: {}, load2: { needs: [load1, load3] } }');
    expect(own.map(({ message }) => message)).toEqual(['is not a node']);
    expect(faultsOf('nodes: { n1: {}, x: { needs: [zz1] } }')[0]?.message).toBe('is not a node');
    expect(faultsOf('nodes: { a: {}, x: { needs: [b] } }')[0]?.message).toBe('is not a node');
    const read = faultsOf('nodes: { load1: { when: "nodes.load2.state == 1" } }');
    expect(read[0]?.message).toBe('reads node load2, which does not exist');
  });
});

describe('what somebody else found wrong in a file', () => {
  const file = Buffer.from(`${head}nodes:\n  a: { dag: { name: gone } }\n`);

  test('is shown where it stands', () => {
    const place = placesIn('dag.yaml', file);
    expect(place({ field: 'nodes.a.dag.name', message: 'is gone', value: 'gone' })).toEqual({
      field: 'dag.yaml:4:21 nodes.a.dag.name',
      message: 'is gone',
      value: 'gone',
      excerpt: `4 |   a: { dag: { name: gone } }\n  | ${' '.repeat(20)}^^^^`,
    });
    const missing = place({ field: 'nodes.a.inputs.day', message: 'is required' });
    expect(missing.field).toBe('dag.yaml:4:3 nodes.a.inputs.day');
  });

  test('is left as it is where it is none of the file', () => {
    const problem = { field: 'other.a', message: 'is wrong' };
    expect(placesIn('dag.yaml', file)(problem)).toBe(problem);
    const inputs = placesIn('inputs.json', Buffer.from('{"day": 3}'), 'inputs');
    expect(inputs({ field: 'nodes.a', message: 'is wrong' }).field).toBe('nodes.a');
    expect(inputs({ field: 'inputs.other', message: 'is required' }).field).toBe('inputs.other');
    const day = inputs({ field: 'inputs.day', message: 'must be a string', value: '3' });
    expect([day.field, day.excerpt]).toEqual(['inputs.json:1:9 day', '1 | {"day": 3}\n  |         ^']);
  });
});
