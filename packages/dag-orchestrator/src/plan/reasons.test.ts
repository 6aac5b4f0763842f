import type { DagGraph, GraphNode, TriggerRule } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { begin, end } from '../testing/begun-run.ts';
import { jobNode } from '../testing/graphs.ts';

type Run = ReturnType<typeof begin>;
const messages = ({ nodes }: Run): readonly (string | null)[] => nodes.map(({ message }) => message);
const joined = (parents: number, triggerRule: TriggerRule): GraphNode[] => [
  ...Array.from({ length: parents }, (_, at) => jobNode(`p${at}`)),
  jobNode('join', [...Array(parents).keys()], { triggerRule }),
];

test('a node that is skipped names the node that it needs, how that ended, and what its rule asks', () => {
  const run = begin([jobNode('load'), jobNode('report', [0]), jobNode('mail', [1])]);
  run.advance([end(0, 'failed', null, 'exit code 3')]);
  expect(messages(run)).toEqual([
    'exit code 3',
    'load failed; triggerRule all_success asks for all to complete',
    'report was skipped (upstream_failed); triggerRule all_success asks for all to complete',
  ]);
});

test('of many nodes three are named, and how many more there are', () => {
  const run = begin(joined(5, 'one_success'));
  run.advance([0, 1, 2, 3].map((node) => end(node, node === 1 ? 'cancelled' : 'failed')));
  run.advance([end(4, 'failed')]);
  expect(messages(run)[5]).toBe(
    'p0 failed, p1 was cancelled (job_cancelled), p2 failed and 2 more; triggerRule one_success asks for one to complete',
  );
});

test.each<[TriggerRule, 'completed' | 'failed', string]>([
  ['all_failed', 'completed', 'p0 completed; triggerRule all_failed asks for all to fail'],
  ['one_failed', 'completed', 'p0 completed, p1 completed; triggerRule one_failed asks for one to fail'],
  ['all_skipped', 'failed', 'p0 failed; triggerRule all_skipped asks for all to be skipped'],
  ['none_failed', 'failed', 'p0 failed; triggerRule none_failed asks for none to fail'],
])('rule %s tells of parents that %s', (rule, state, text) => {
  const run = begin(joined(2, rule));
  run.advance([end(0, state)]);
  run.advance([end(1, state)]);
  expect(messages(run)[2]).toBe(text);
});

test('a false condition and an empty list say so, and who is skipped for it says by which', () => {
  const forEach = { items: [], maxParallel: null, failFast: false };
  const nodes = [
    jobNode('off', [], { when: 'x' }),
    jobNode('none', [], { forEach }),
    jobNode('join', [0, 1]),
  ];
  const run = begin(nodes, {}, [{ condition: false }, { items: [] }]);
  expect(messages(run)).toEqual([
    'off is off',
    'forEach gave an empty list',
    'off was skipped (condition), none was skipped (empty); triggerRule all_success asks for all to complete',
  ]);
});

const stopped = (changes: Partial<DagGraph>) =>
  begin([jobNode('a'), jobNode('b'), jobNode('c', [1])], changes);

test('failFast names the node that failed, for what waited and for what ran', () => {
  const run = stopped({ failFast: true });
  run.advance([end(0, 'failed', null, 'exit code 3')]);
  run.advance([end(1, 'cancelled', null, 'cancelled as asked')]);
  const message = 'a failed, and the DAG has failFast';
  expect(messages(run)).toEqual(['exit code 3', message, message]);
  expect(run.nodes[1]).toMatchObject({ state: 'cancelled', reason: 'fail_fast' });
});

test('a job that somebody cancelled by itself says what it said', () => {
  const run = stopped({});
  run.advance([end(0, 'cancelled', null, 'cancelled as asked')]);
  expect(run.nodes[0]).toMatchObject({ reason: 'job_cancelled', message: 'cancelled as asked' });
});

test('items that a deadline stopped say which one', () => {
  const forEach = { items: [], maxParallel: 1, failFast: false };
  const run = begin([jobNode('a', [], { forEach })], { deadlineSeconds: 600 }, [
    { items: ['completed', 'completed'] },
  ]);
  run.state.wishes = { ...run.state.wishes, overdue: true };
  const message = "the run's deadline of 10m passed (deadlineSeconds)";
  expect(run.advance().itemsCancelled).toEqual([{ node: 0, from: 1, reason: 'run_deadline', message }]);
  const { itemEnds } = run.advance([end(0, 'cancelled', 0, 'cancelled as asked')]);
  expect(itemEnds).toMatchObject([{ state: 'cancelled', reason: 'run_deadline', message }]);
  expect(run.nodes[0]).toMatchObject({
    reason: 'run_deadline',
    message: `2 of 2 items were cancelled: ${message}`,
  });
});

test('the other items of a node with failFast say that another one failed', () => {
  const forEach = { items: [], maxParallel: 2, failFast: true };
  const run = begin([jobNode('a', [], { forEach })], {}, [{ items: ['failed', 'completed', 'completed'] }]);
  const message = 'another item failed, and failFast is set beside forEach';
  expect(run.advance([end(0, 'failed', 0)]).itemsCancelled).toMatchObject([{ message }]);
  expect(run.advance([end(0, 'cancelled', 1)]).itemEnds).toMatchObject([{ reason: 'fail_fast', message }]);
});

test('naming the nodes that kept a rule from holding reads these, and not all that depends on them', () => {
  const width = 200;
  const many = Array.from({ length: width }, (_, at) => jobNode(`m${at}`, [0]));
  const run = begin([jobNode('root'), jobNode('x'), jobNode('join', [0, 1]), ...many]);
  run.advance([end(0, 'completed')]);
  const shown = run.state.shown;
  run.advance([end(1, 'failed')]);
  expect(messages(run)[2]).toBe('x failed; triggerRule all_success asks for all to complete');
  expect(run.state.shown - shown).toBeLessThan(10);
});
