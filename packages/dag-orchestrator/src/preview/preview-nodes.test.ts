import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dagRules } from '../run/dag-rules.ts';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { randomRuns } from '../testing/random-graphs.ts';
import { reference } from '../testing/reference.ts';
import { previewNodes } from './preview-nodes.ts';

const each = (items: string | readonly string[]) => ({ items, maxParallel: null, failFast: false });
const foresee = (nodes: ReturnType<typeof jobNode>[], inputs: Parameters<typeof dagRules.preview>[1]) =>
  dagRules
    .preview(graphOf(nodes), inputs)
    .map(({ will, reason, items }) =>
      [will, ...(reason === null ? [] : [reason]), ...(items === null ? [] : [items])].join(' '),
    );

describe('what the inputs alone decide is foreseen:', () => {
  test('conditions, items, and what follows from them', () => {
    const nodes = [
      jobNode('off', [], { when: 'inputs.n > 5' }),
      jobNode('behind', [0]),
      jobNode('all', [0], { triggerRule: 'all_done', forEach: each('${{ inputs.list }}') }),
      jobNode('literal', [], { forEach: each(['a', '${{ inputs.n }}']) }),
      jobNode('empty', [], { forEach: each('${{ inputs.none }}') }),
      jobNode('later', [3], { when: 'nodes.literal.state == "completed"', reads: [3] }),
      jobNode('behind-later', [5]),
      jobNode('named', [], { when: 'run.createdBy == "me"' }),
      jobNode('wrong', [], { when: 'inputs.n' }),
      jobNode('no-list', [], { forEach: each('${{ inputs.n }}') }),
      jobNode('behind-wrong', [8]),
      jobNode('off-anyway', [5], { when: 'inputs.n > 5' }),
    ];
    expect(foresee(nodes, { n: 1, list: [1, 2, 3], none: [] })).toEqual([
      'skip condition',
      'skip upstream_skipped',
      'run 3',
      'run 2',
      'skip empty',
      'open',
      'open',
      'open',
      'fail expression',
      'fail expression',
      'skip upstream_failed',
      'skip condition',
    ]);
  });

  test('without inputs that fit, what reads them is open', () => {
    expect(
      foresee([jobNode('a', [], { when: 'inputs.n > 5' }), jobNode('b', [0]), jobNode('c')], null),
    ).toEqual(['open', 'open', 'run']);
  });

  test('what is foreseen comes so, whatever else is hidden (any graph where what runs completes)', () => {
    fc.assert(
      fc.property(
        randomRuns(),
        fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
        ({ graph, outcomes }, hidden) => {
          const fair = outcomes.map(({ condition, items }, node) => ({
            // What is hidden may turn out either way, but has a value.
            condition: condition === 'error' && hidden[node] === true ? false : condition,
            items: items.map(() => 'completed' as const),
          }));
          const { ends } = reference(graph, fair);
          const previews = previewNodes(graph, (node) => {
            const { when, forEach } = graph.nodes[node]!;
            const { condition, items } = fair[node]!;
            const open = hidden[node] === true && (when !== null || forEach !== null);
            const value = when === null || open ? null : condition;
            return {
              condition: value,
              open,
              items: forEach === null || open ? null : items.length,
              message: null,
            };
          });
          for (const [node, { will, reason }] of previews.entries()) {
            const { state } = ends[node]!;
            if (will === 'run') expect(state).toBe('completed');
            if (will === 'fail') expect(state).toBe('failed');
            if (will === 'skip') expect(state).toBe('skipped');
            if (will === 'skip' && !hidden.includes(true)) expect(ends[node]!.reason).toBe(reason);
            if (will === 'open') expect(hidden).toContain(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
