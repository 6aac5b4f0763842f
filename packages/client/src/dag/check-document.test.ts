import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { describe, expect, test } from 'vitest';
import { defineDag, type DagBuilder, type NodeOptions, type NodeRef } from './define-dag.ts';
import { expr, Ref, text } from './ref.ts';

type Build = (dag: DagBuilder<Record<'day', object>>) => void;

const problemsOf = (build: Build, more: object = {}): readonly string[] => {
  const options = { inputs: { day: {} }, defaults: { image: 'x' }, ...more };
  try {
    defineDag('d', options, build);
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    return error.problems.map(({ field, message }) => `${field} ${message}`);
  }
  return [];
};

const node = (options: object): NodeOptions => options;
const other = { name: 'lod' } as NodeRef;

describe('the builder refuses, with node and field,', () => {
  test.each<[string, Build, string]>([
    [
      'a field that is not known',
      (dag) => dag.node('a', node({ triggerRul: 'all_done' })),
      'nodes.a.triggerRul is not a known field; did you mean triggerRule?',
    ],
    [
      'a value of another type',
      (dag) => dag.node('a', node({ priority: 'high' })),
      'nodes.a.priority must be a',
    ],
    [
      'a word that is none',
      (dag) => dag.node('a', node({ triggerRule: 'done' })),
      'nodes.a.triggerRule must be one',
    ],
    [
      'a value that is no JSON',
      (dag) => dag.node('a', node({ inputs: { n: [1n] } })),
      'nodes.a.inputs.n[0] must be',
    ],
    [
      'an argument that is undefined',
      (dag) => dag.node('a', node({ args: [undefined] })),
      'nodes.a.args[0] must be',
    ],
    ['a name of a node', (dag) => dag.node('A_b'), 'nodes.A_b has a name that must be lower-case'],
    [
      'a need of another DAG',
      (dag) => {
        dag.node('load');
        dag.node('b', { needs: [other] });
      },
      'nodes.b.needs[0] is not a node of this DAG; did you mean load?',
    ],
    [
      'a final node that needs an ordinary one',
      (dag) => {
        const a = dag.node('a');
        dag.finalNode('b', { needs: [a] });
      },
      'finally.b.needs[0] is an ordinary node',
    ],
    ['a group', (dag) => dag.node('a', { group: 'loads' }), 'nodes.a.group is not a group'],
    ['a variable', (dag) => dag.node('a', { env: { 'A B': 'x' } }), 'nodes.a.env'],
    [
      'a node that is read and not needed',
      (dag) => {
        const a = dag.node('a', { outputs: { n: {} } });
        dag.node('b', { args: [a.outputs.n] });
      },
      'nodes.b.args[0] reads a, which b does not need, so it may not have ended: add a to `needs`',
    ],
    [
      'an output that is none',
      (dag) => {
        const a = dag.node('a', { outputs: { rows: {} } });
        dag.node('b', { needs: [a], when: expr`${new Ref('nodes.a.outputs.row')} > 0` });
      },
      'nodes.b.when reads output row, which a does not declare; did you mean rows?',
    ],
    [
      'an output of one item',
      (dag) => {
        const a = dag.node('a', { forEach: [1, 2], outputs: { rows: {} } });
        dag.node('b', { needs: [a], inputs: { all: [a.outputs.rows] } });
      },
      'nodes.b.inputs.all[0] reads output rows of a, whose outputs are a list',
    ],
    [
      'a node in a text',
      (dag) => {
        dag.node('load-all');
        dag.node('b', { env: { A: 'x ${{ nodes["load_all"].state }}' } });
      },
      'nodes.b.env.A reads node load_all, which does not exist; did you mean load-all?',
    ],
    [
      'an input in a text',
      (dag) => dag.node('a', { when: 'inputs.dya == "x"' }),
      'nodes.a.when reads input dya',
    ],
    [
      'itself',
      (dag) => dag.node('a', { approval: { message: text`Go ${new Ref('nodes.a.state')}?` } }),
      'nodes.a.approval.message reads the node itself',
    ],
    [
      'an expression in the text of a shell',
      (dag) => dag.node('a', { run: `echo ${String(new Ref('inputs.day'))}` }),
      'nodes.a.run is the text of a shell, which takes no expressions: put the value into `env` and write "$NAME", or pass it in `args`',
    ],
    [
      'an expression in a command',
      (dag) => dag.node('a', { command: ['echo', '${{ inputs.day }}'] }),
      'nodes.a.command[1] is fixed; it takes no expressions',
    ],
    [
      'an expression in the text that `sh -c` is given',
      (dag) => dag.node('a', { command: ['sh', '-c'], args: ['echo ${{ inputs.day }}'] }),
      'nodes.a.args[0] is the text of a shell',
    ],
    [
      'an expression that does not end',
      (dag) => dag.node('a', { env: { DAY: 'on ${{ inputs.day' } }),
      'nodes.a.env.DAY opens an expression with ${{ that no }} closes',
    ],
    [
      'an expression with nothing in it',
      (dag) => dag.node('a', { args: ['${{ }}'] }),
      'nodes.a.args[0] is an empty expression',
    ],
    [
      'a condition with text beside it',
      (dag) => dag.node('a', { when: '${{ inputs.day }} == 1' }),
      'nodes.a.when must be one expression and nothing else',
    ],
  ])('%s', (_what, build, words) => expect(problemsOf(build).join('\n')).toContain(words));

  test('a node without an image', () => {
    expect(problemsOf((dag) => dag.node('a'), { defaults: {} })).toEqual([
      'nodes.a.image is required, here or in `defaults`',
    ]);
  });
});

test('what all nodes inherit is checked too', () => {
  const build: Build = (dag) => dag.node('a');
  const defaults = { image: 'x', env: { A: '${{ nodes.a.state }}', B: '${{ inputs.dya }}', C: '$${{ x' } };
  expect(problemsOf(build, { defaults })).toEqual([
    'defaults.env.A reads a node, but `defaults` belong to every node: read `inputs`, `item` or `run` here',
    'defaults.env.B reads input dya, which does not exist; did you mean day?',
  ]);
});

test('words in the texts of expressions are no names, far ancestors may be read, and final nodes read all', () => {
  const build: Build = (dag) => {
    const a = dag.node('load-all', { outputs: { n: {} } });
    const b = dag.node('b', { needs: [a] });
    dag.node('c', {
      needs: [b],
      when: `"nodes.x is" != 'inputs.y' && ["nodes.z"].size() == 1 && nodes['load-all'].outputs.n > 0`,
      args: [a.outputs.n],
    });
    const fan = dag.node('fan', { forEach: [1], outputs: { n: {} } });
    dag.node('d', { needs: [fan, b], inputs: { all: expr`${fan.allOutputs}.map(one, one.n)` } });
    dag.finalNode('end', { args: [a.state, dag.run.at('state')] });
  };
  expect(problemsOf(build)).toEqual([]);
});
