import { expect, test } from 'vitest';
import type { JobNode } from '@job-orchestrator/types';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated } from '../testing/orchestrated.ts';

const nodes: readonly (readonly [string, Partial<JobNode>])[] = [
  ['NUL in an argument', { job: { image: 'busybox', args: ['${{ "a\\u0000" }}'] } }],
  ['half of an emoji as an item', each('${{ [inputs.emoji.substring(0, 1)] }}')],
  ['NUL in the message of a condition', { when: 'int(inputs.emoji + "\\u0000") == 1' }],
  ['a large text as thousands of items', each(Array(4_000).fill('${{ inputs.large }}'))],
];

function each(items: NonNullable<JobNode['forEach']>['items']): Partial<JobNode> {
  return { forEach: { items, maxParallel: null, failFast: false } };
}

test.each(bothDatabases)(
  'what %s cannot store ends its node and not the steps of its run',
  async (_name, open) => {
    const { harness, close } = await orchestrated(open);
    for (const [what, changes] of nodes) {
      const graph = graphOf([jobNode('odd', [], changes)], {
        name: 'odd',
        inputs: { emoji: { type: 'string' }, large: { type: 'string' } },
      });
      const id = await harness.start(graph, { emoji: '\u{1F600}', large: 'x'.repeat(200_000) });
      expect((await harness.finish(id)).state, what).toBe('failed');
      const [odd] = await harness.nodes(id);
      expect(odd, what).toMatchObject({ state: 'failed', reason: 'expression' });
    }
    await close();
  },
);

test.each(bothDatabases)(
  'on %s who reads more outputs than fit into memory fails, and says so',
  async (_name, open) => {
    const { harness, close } = await orchestrated(open);
    const graph = graphOf(
      [
        jobNode('each', [], { outputs: {}, ...each(Array.from({ length: 300 }, (_one, item) => item)) }),
        jobNode('read', [0], {
          reads: [0],
          job: { image: 'busybox', args: ['${{ size(nodes.each.outputs) }}'] },
        }),
        jobNode('ask', [0], { reads: [0], when: 'nodes.each.state == "completed"' }),
      ],
      { name: 'much' },
    );
    const output = { text: 'x'.repeat(240_000) };
    const id = await harness.start(graph);
    await harness.finish(id, ({ spec }) => (spec.name === 'each' ? { output } : null));
    const ended = await harness.nodes(id);
    const of = (name: string) => ended.find((node) => node.name === name);
    expect(of('read')).toMatchObject({ state: 'failed', reason: 'expression' });
    expect(of('read')?.message).toContain(
      'nodes.read.args[0]: cannot be evaluated: reads the outputs of each',
    );
    expect(of('ask')).toMatchObject({ state: 'completed' });
    await close();
  },
);

test.each(bothDatabases)('items with large texts are stored on %s in portions', async (_name, open) => {
  const { harness, close } = await orchestrated(open);
  const graph = graphOf(
    [
      jobNode('large', [], {
        job: { image: 'busybox', env: { TEXT: '${{ inputs.large }}' } },
        ...each(Array.from({ length: 200 }, (_one, item) => item)),
      }),
    ],
    { name: 'large', inputs: { large: { type: 'string' } } },
  );
  const run = await harness.finish(await harness.start(graph, { large: 'x'.repeat(120_000) }));
  expect(run.state).toBe('completed');
  await close();
});
