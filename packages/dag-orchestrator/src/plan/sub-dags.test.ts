import { expect, test } from 'vitest';
import { begin, end, told } from '../testing/begun-run.ts';
import { jobNode, subDagNode } from '../testing/graphs.ts';

const forEach = { items: [], maxParallel: null, failFast: false };

test('a failed sub-DAG fails its node with what it says, a cancelled one cancels it', () => {
  const run = begin([subDagNode('a', 'other'), subDagNode('b', 'other'), jobNode('c', [0])]);
  run.advance([end(0, 'failed', null, 'run 1a2b failed'), end(1, 'cancelled')]);
  expect(told(run)).toEqual([
    'failed sub_dag_failed',
    'cancelled sub_dag_cancelled',
    'skipped upstream_failed',
  ]);
  expect(run.nodes[0]?.message).toBe('run 1a2b failed');
});

test('forEach runs one sub-DAG per item', () => {
  const items = ['completed', 'cancelled'] as const;
  const run = begin([subDagNode('a', 'other', [], { forEach })], {}, [{ items }]);
  expect(run.plan.starts.map(({ item }) => item)).toEqual([0, 1]);
  run.advance([end(0, 'completed', 0)]);
  run.advance([end(0, 'cancelled', 1)]);
  expect(told(run)).toEqual(['cancelled sub_dag_cancelled']);
});

test('a step begins no more node runs than it should, those of sub-DAGs counted', () => {
  // Each sub-DAG of a simulated run has 10 nodes.
  const nodes = Array.from({ length: 5 }, (_, at) => subDagNode(`n${at}`, 'other'));
  const run = begin(nodes, {}, [], { startsMost: 20 });
  expect(run.plan).toMatchObject({ again: true });
  expect(run.plan.starts).toHaveLength(2);
  expect(run.advance().starts).toHaveLength(2);
  expect(run.advance().starts).toHaveLength(1);
});

test('a node that would make too many node runs fails, and says how many and the limit', () => {
  const items = Array.from({ length: 4 }, () => 'completed' as const);
  const nodes = [jobNode('a', [], { forEach }), jobNode('b', [0], { triggerRule: 'all_done', forEach })];
  const run = begin(nodes, {}, [{ items }, { items }], { nodeRunsMost: 9 });
  expect(run.state.run.nodeRuns).toBe(6);
  run.advance([0, 1, 2, 3].map((item) => end(0, 'completed', item)));
  expect(told(run)).toEqual(['completed', 'failed limit']);
  expect(run.nodes[1]?.message).toBe('the run has 6 node runs, and this would add 4; the limit is 9');
});

test('the node runs of all runs under one top run count, and items of sub-DAGs before the first begins', () => {
  const whole = 'the run with its sub-DAGs has';
  const one = begin([subDagNode('a', 'other'), subDagNode('b', 'other')], {}, [], { nodeRunsMost: 21 });
  expect(told(one)).toEqual(['running', 'failed limit']);
  expect(one.nodes[1]?.message).toBe(`${whole} 12 node runs, and this would add 10; the limit is 21`);
  const items = ['completed', 'completed'] as const;
  const each = begin([subDagNode('a', 'other', [], { forEach })], {}, [{ items }], { nodeRunsMost: 22 });
  expect(told(each)).toEqual(['failed limit']);
  expect(each.plan.starts).toEqual([]);
});
