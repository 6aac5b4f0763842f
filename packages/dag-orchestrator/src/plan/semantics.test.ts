import { expect, test } from 'vitest';
import { begin, end, told } from '../testing/begun-run.ts';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { createSimulation, scriptedExpressions } from '../testing/simulation.ts';

test('a parent failed: its descendants are skipped as upstream_failed, other branches go on, the run is failed', () => {
  const run = begin([jobNode('a'), jobNode('b', [0]), jobNode('c', [1]), jobNode('other')]);
  run.advance([end(0, 'failed')]);
  expect(told(run)).toEqual([
    'failed job_failed',
    'skipped upstream_failed',
    'skipped upstream_failed',
    'running',
  ]);
  expect(run.state.run.state).toBe('running');
  run.advance([end(3, 'completed')]);
  expect(run.state.run.state).toBe('failed');
});

test('a failure that a rule handled lets the run complete', () => {
  const run = begin([jobNode('a'), jobNode('b', [0], { triggerRule: 'all_done' })]);
  run.advance([end(0, 'failed')]);
  run.advance([end(1, 'completed')]);
  expect(run.state.run.state).toBe('completed');
});

test('a failure whose only dependent was skipped by its rule is not handled', () => {
  const run = begin([jobNode('a'), jobNode('b', [0], { triggerRule: 'all_skipped' })]);
  run.advance([end(0, 'failed')]);
  expect(told(run)).toEqual(['failed job_failed', 'skipped rule_not_met']);
  expect(run.state.run.state).toBe('failed');
});

test('a false condition skips the node, and its children under all_success', () => {
  const run = begin([jobNode('a', [], { when: 'x' }), jobNode('b', [0])], {}, [{ condition: false }]);
  expect(told(run)).toEqual(['skipped condition', 'skipped upstream_skipped']);
  expect(run.state.run.state).toBe('completed');
});

test('an expression without a value fails the node, with the reason in its message', () => {
  const run = begin([jobNode('a', [], { when: 'x' })], {}, [{ condition: 'error' }]);
  expect(run.nodes[0]).toMatchObject({ state: 'failed', reason: 'expression', message: 'no such key' });
  expect(run.state.run.state).toBe('failed');
});

const each = { items: [], maxParallel: null, failFast: false };

test('forEach over nothing is skipped as empty', () => {
  const run = begin([jobNode('a', [], { forEach: each })], {}, [{ items: [] }]);
  expect(told(run)).toEqual(['skipped empty']);
});

test('a failed item lets the others go on, and fails the node once all have ended', () => {
  const run = begin([jobNode('a', [], { forEach: each })], {}, [{ items: ['failed', 'completed'] }]);
  expect(run.plan.starts).toHaveLength(2);
  run.advance([end(0, 'failed', 0)]);
  expect(told(run)).toEqual(['running']);
  run.advance([end(0, 'completed', 1)]);
  expect(run.nodes[0]).toMatchObject({ reason: 'items_failed', message: '1 of 2 items failed' });
});

test('with failFast beside forEach the first failed item cancels the others', () => {
  const forEach = { items: [], maxParallel: 2, failFast: true };
  const run = begin([jobNode('a', [], { forEach })], {}, [{ items: ['failed', 'completed', 'completed'] }]);
  const plan = run.advance([end(0, 'failed', 0)]);
  expect(plan.cancels.nodes).toEqual([0]);
  expect(plan.itemsCancelled).toMatchObject([{ node: 0, from: 2, reason: 'fail_fast' }]);
  run.advance([end(0, 'cancelled', 1)]);
  expect(told(run)).toEqual(['failed items_failed']);
});

test('with failFast the first failed node skips what waits and cancels what runs; then the finally nodes run', () => {
  const nodes = [jobNode('a'), jobNode('b'), jobNode('c', [1]), jobNode('last', [], { final: true })];
  const run = begin(nodes, { failFast: true });
  const plan = run.advance([end(0, 'failed')]);
  expect(plan.cancels.ordinary).toBe(true);
  expect(told(run)).toEqual(['failed job_failed', 'running', 'skipped fail_fast', 'waiting']);
  run.advance([end(1, 'cancelled')]);
  expect(told(run)[3]).toBe('running');
  run.advance([end(3, 'completed')]);
  expect(run.state.run).toMatchObject({ state: 'failed', stopping: 'fail_fast' });
});

test('a run past its deadline stops likewise', () => {
  const run = begin([jobNode('a'), jobNode('b', [0]), jobNode('last', [], { final: true })]);
  run.state.wishes = { ...run.state.wishes, overdue: true };
  expect(run.advance().cancels.ordinary).toBe(true);
  run.advance([end(0, 'cancelled')]);
  run.advance([end(2, 'completed')]);
  expect(told(run)).toEqual(['cancelled run_deadline', 'skipped run_deadline', 'completed']);
  expect(run.state.run).toMatchObject({ state: 'failed', stopping: 'deadline' });
  const message = "the run's deadline of 7d passed (deadlineSeconds)";
  expect(run.nodes.map((node) => node.message)).toEqual([message, message, null]);
});

test('a cancelled run still runs its finally nodes; cancelled again, it does not', () => {
  const nodes = [jobNode('a'), jobNode('last', [], { final: true }), jobNode('later', [1], { final: true })];
  const run = begin(nodes);
  run.state.wishes = { ...run.state.wishes, cancel: true, cancelReason: 'wrong day' };
  run.advance();
  run.advance([end(0, 'cancelled')]);
  expect(told(run)).toEqual(['cancelled run_cancelled', 'running', 'waiting']);
  expect(run.nodes[0]?.message).toBe('the run was cancelled: wrong day');
  run.state.wishes = { ...run.state.wishes, cancelFinal: true };
  expect(run.advance().cancels.final).toBe(true);
  run.advance([end(1, 'cancelled')]);
  expect(told(run)).toEqual([
    'cancelled run_cancelled',
    'cancelled run_cancelled',
    'cancelled run_cancelled',
  ]);
  expect(run.state.run.state).toBe('cancelled');
});

test('a failed finally node fails a run that would have completed', () => {
  const run = begin([jobNode('a'), jobNode('last', [], { final: true })]);
  run.advance([end(0, 'completed')]);
  run.advance([end(1, 'failed')]);
  expect(run.state.run).toMatchObject({ state: 'failed', mainState: 'completed' });
});

test('a node waits for what it reads, even where its rule would let it start', () => {
  const run = begin([jobNode('a'), jobNode('b', [0], { triggerRule: 'always', reads: [0] })]);
  expect(told(run)).toEqual(['running', 'waiting']);
  run.advance([end(0, 'completed')]);
  expect(told(run)).toEqual(['completed', 'running']);
});

test('a run that is full and is asked for something plans it without a free place', () => {
  const run = begin([jobNode('a'), jobNode('b')], { maxParallel: 1 });
  expect(told(run)).toEqual(['running', 'ready']);
  run.advance();
  expect(told(run)).toEqual(['running', 'ready']);
});

test('a result that misses its schema fails the node', () => {
  const graph = graphOf([jobNode('a', [], { outputs: {} })]);
  const scripted = scriptedExpressions(graph, [{ condition: true, items: ['completed'] }]);
  const run = createSimulation(graph, { ...scripted, outputProblem: () => 'rows must be an integer' });
  run.advance();
  run.advance([end(0, 'completed')]);
  expect(run.nodes[0]).toMatchObject({
    state: 'failed',
    reason: 'output',
    message: 'rows must be an integer',
  });
});

test('a chain of 10,000 is skipped in one step, in a handful of rounds and without recursion', () => {
  const nodes = Array.from({ length: 10_000 }, (_, at) => jobNode(`n${at}`, at === 0 ? [] : [at - 1]));
  const run = begin(nodes);
  run.state.asked = 0;
  run.advance([end(0, 'failed')]);
  expect(run.state.asked).toBeLessThan(12);
  expect(run.state.run.state).toBe('failed');
  expect(told(run).filter((state) => state === 'skipped upstream_failed')).toHaveLength(9_999);
});
