import { expect, test } from 'vitest';
import { approvalNode, graphOf, jobNode, subDagNode } from '../testing/graphs.ts';
import { inputReads } from './input-reads.ts';

const each = (items: string | readonly string[]) => ({ items, maxParallel: null, failFast: false });
const inputs = { day: {}, n: {}, list: {} };

test.each([
  ['when', jobNode('a', [], { when: 'inputs.n > 5 && has(inputs.day)' }), ['n', 'day'], []],
  ['forEach', jobNode('a', [], { forEach: each('${{ inputs.list }}') }), ['list'], []],
  ['a written out forEach', jobNode('a', [], { forEach: each(['x', '${{ inputs.n }}']) }), ['n'], []],
  ['args', jobNode('a', [], { job: { image: 'i', args: ['x', '--day=${{ inputs.day }}'] } }), [], ['day']],
  ['env', jobNode('a', [], { job: { image: 'i', env: { N: '${{ inputs["n"] }}' } } }), [], ['n']],
  ['inputs, however deep', jobNode('a', [], { inputs: { x: [{ y: '${{ inputs.n }}' }] } }), [], ['n']],
  ['the question of an approval', approvalNode('a', [], { message: '${{ inputs.day }}?' }), [], ['day']],
  ['inputs of a sub-DAG', subDagNode('a', 'b', [], { inputs: { d: '${{ inputs.day }}' } }), [], ['day']],
  ['a macro', jobNode('a', [], { when: 'inputs.list.exists(n, n == inputs.n)' }), ['list', 'n'], []],
  ['all as a whole', jobNode('a', [], { inputs: { x: '${{ inputs }}' } }), [], ['day', 'n', 'list']],
  ['one by a computed name', jobNode('a', [], { when: 'inputs[run.dag] == 1' }), ['day', 'n', 'list'], []],
  [
    'none: it is text',
    jobNode('a', [], { job: { image: 'i', args: ['inputs.n', '$${{ inputs.n }}'] } }),
    [],
    [],
  ],
])('a node reads inputs in %s', (_what, node, choice, work) => {
  expect(inputReads(graphOf([node], { inputs }), 0)).toEqual({ choice, work });
});
