import { expect, test } from 'vitest';
import { begin, end, told } from '../testing/begun-run.ts';
import { approvalNode, graphOf, jobNode } from '../testing/graphs.ts';
import { approvalMs } from '../testing/simulation.ts';
import { judgeApproval } from './approvals.ts';

const yes = { answer: 'approved', by: 'ann', note: null } as const;
const no = { answer: 'rejected', by: 'bob', note: 'too many rows' } as const;
const agree = approvalNode('agree');

test('an approved node completes, and what needs it runs', () => {
  const run = begin([agree, jobNode('publish', [0])]);
  expect(told(run)).toEqual(['running', 'waiting']);
  run.answer(0, yes);
  run.advance();
  expect(told(run)).toEqual(['completed', 'running']);
  expect(run.nodes[0]?.message).toBe('approved by ann');
});

test('a rejected node fails with who and why; a rule may handle it', () => {
  const run = begin([agree, jobNode('tell', [0], { triggerRule: 'one_failed' })]);
  run.answer(0, no);
  run.advance();
  expect(told(run)).toEqual(['failed rejected', 'running']);
  expect(run.nodes[0]?.message).toBe('rejected by bob: too many rows');
  run.advance([end(1, 'completed')]);
  expect(run.state.run.state).toBe('completed');
  const other = begin([agree, jobNode('publish', [0])]);
  other.answer(0, no);
  other.advance();
  expect(told(other)).toEqual(['failed rejected', 'skipped upstream_failed']);
  expect(other.state.run.state).toBe('failed');
});

test('an approval that nobody answers in time fails, or is taken as approved where it says so', () => {
  const run = begin([agree, approvalNode('lenient', [], { onTimeout: 'approve' })]);
  run.state.now = approvalMs - 1;
  run.advance();
  expect(told(run)).toEqual(['running', 'running']);
  run.state.now = approvalMs;
  run.advance();
  expect(told(run)).toEqual(['failed approval_timeout', 'completed']);
  expect(run.nodes[0]?.message).toBe('nobody answered within 1h (approval.timeoutSeconds)');
});

test('an answer counts, however late a step looks at it', () => {
  expect(judgeApproval(agree, { decision: yes, expiresAt: 5 }, 10_000)?.end.state).toBe('completed');
  expect(judgeApproval(agree, { decision: null, expiresAt: 5 }, 4)).toBeNull();
  expect(judgeApproval(agree, { decision: null, expiresAt: 5 }, 5)?.end.state).toBe('failed');
});

test('an approval takes no place of maxParallel or of a limited group, but its turn of a sequential one', () => {
  const groups = [
    { name: 'limited', maxParallel: 1, inOrder: false, members: [0, 1] },
    { name: 'turns', maxParallel: 1, inOrder: true, members: [2, 3] },
  ];
  const nodes = [
    approvalNode('a', [], { group: 0 }),
    jobNode('b', [], { group: 0 }),
    approvalNode('c', [], { group: 1 }),
    jobNode('d', [], { group: 1 }),
  ];
  const run = begin(nodes, graphOf(nodes, { maxParallel: 1 }, groups));
  expect(told(run)).toEqual(['running', 'running', 'running', 'ready']);
  run.advance([end(1, 'completed')]);
  expect(told(run)[3]).toBe('ready');
  run.answer(2, yes);
  run.advance();
  expect(told(run)).toEqual(['running', 'completed', 'completed', 'running']);
});

test('an approval that a pause held begins when the run is resumed, though no place is free', () => {
  const nodes = [jobNode('a'), jobNode('b', [0]), jobNode('c', [0]), approvalNode('d', [0])];
  const run = begin(nodes, { maxParallel: 1 });
  run.state.wishes = { ...run.state.wishes, paused: true };
  run.advance([end(0, 'completed')]);
  run.state.wishes = { ...run.state.wishes, paused: false };
  run.advance();
  expect(told(run)).toEqual(['completed', 'running', 'ready', 'running']);
});

test('a run that stops ends its approvals at once, with the reason, and does not wait for a person', () => {
  const stop = (wish: 'cancel' | 'overdue') => {
    const run = begin([agree, jobNode('b', [0]), jobNode('last', [], { final: true })]);
    run.state.wishes = { ...run.state.wishes, [wish]: true };
    const plan = run.advance();
    expect(plan.approvalEnds).toEqual([{ node: 0, state: 'cancelled' }]);
    return told(run);
  };
  expect(stop('cancel')).toEqual(['cancelled run_cancelled', 'cancelled run_cancelled', 'running']);
  expect(stop('overdue')).toEqual(['cancelled run_deadline', 'skipped run_deadline', 'running']);
  const failing = begin([agree, jobNode('a')], { failFast: true });
  failing.advance([end(1, 'failed')]);
  expect(told(failing)).toEqual(['cancelled fail_fast', 'failed job_failed']);
  expect(failing.state.run.state).toBe('failed');
});

test('a paused run takes an answer, and goes on with it when it is resumed', () => {
  const run = begin([agree, jobNode('b', [0])]);
  run.state.wishes = { ...run.state.wishes, paused: true };
  run.answer(0, yes);
  run.advance();
  expect(told(run)).toEqual(['completed', 'ready']);
  run.state.wishes = { ...run.state.wishes, paused: false };
  run.advance();
  expect(told(run)).toEqual(['completed', 'running']);
});
