import type { DagGraph, JsonValue, LiveAttempt } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const outputs = { by: { type: 'string' } } as const;

describe.each(bothDatabases)('on %s', (_name, open) => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(open);
  });
  afterAll(() => at.close());

  /** Each item gives itself; numbers miss the schema. Tells what a node reads that runs however the items ended. */
  const readOf = async (graph: DagGraph): Promise<JsonValue | undefined> => {
    let read: JsonValue | undefined;
    const run = await at.harness.start(graph, { list: ['a', 2, 'c'] });
    const ended = await at.harness.finish(run, ({ spec }: LiveAttempt) => {
      if (spec.name === 'reader') read = spec.inputs!['all'];
      return { output: { by: spec.inputs!['item'] ?? null } };
    });
    expect(ended.state).toBe('completed');
    const [, , bad] = await at.harness.nodes(run);
    expect(bad).toMatchObject({ item: 1, state: 'failed', reason: 'output' });
    return read;
  };
  const graph = (name: string, maxParallel: number | null): DagGraph =>
    graphOf(
      [
        jobNode('each', [], {
          forEach: { items: '${{ inputs.list }}', maxParallel, failFast: false },
          outputs,
          inputs: { item: '${{ item }}' },
        }),
        jobNode('reader', [0], {
          reads: [0],
          triggerRule: 'all_done',
          inputs: { all: '${{ nodes.each.outputs }}' },
        }),
      ],
      { name, inputs: { list: { type: 'array' } } },
    );

  test.each([null, 1])(
    'an item whose output misses its schema gives nothing to others, whether it ends with the last or before (maxParallel %s)',
    async (most) => {
      expect(await readOf(graph(`items-${most}`, most))).toEqual([{ by: 'a' }, null, { by: 'c' }]);
    },
  );
});
