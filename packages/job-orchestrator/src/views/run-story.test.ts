import { expect, test } from 'vitest';
import { begun, id, node, now, plain, run } from '../testing/run-samples.ts';
import { runStory } from './run-story.ts';

const after = (seconds: number): string => new Date(Date.parse(begun) + seconds * 1_000).toISOString();

test('a run that passed its deadline says so, and how long it was', () => {
  const late = {
    ...run,
    state: 'failed',
    stopping: 'deadline',
    finishedAt: after(5),
    deadlineAt: after(2),
  } as const;
  expect(runStory(late, [], now, plain)).toContain('It passed its deadline of 2.0s');
});

test('a paused run is not said to run', () => {
  expect(runStory({ ...run, pausedAt: begun }, [], now, plain)).toMatch(/^nightly v3 +paused /);
});

test('items beyond the tenth are counted, and those of them that failed are shown', () => {
  const items = Array.from({ length: 30 }, (_, item) =>
    node(0, { item, state: item === 20 ? 'failed' : 'completed' }),
  );
  const story = runStory(run, [node(0), ...items], now, plain);
  expect(story).toContain('n0[20]');
  expect(story).toContain(`… and 19 more items: job-orchestrator get nodes ${id.slice(-8)}`);
});

test('a run that only its outputs failed says why as a sentence, and advises no retry of nothing', () => {
  const message = 'outputs.rows: cannot be evaluated';
  const ended = { ...run, state: 'failed', finishedAt: after(5), message } as const;
  const line = (state: 'failed' | 'skipped') =>
    runStory(ended, [node(0, { state })], now, plain).split('\n')[1];
  expect(line('skipped')).toBe(`It failed after 5.0s. ${message}.`);
  expect(line('failed')).toBe(
    `It failed after 5.0s. ${message}. Run what failed again: job-orchestrator dag retry ${id.slice(-8)}`,
  );
});

test('a story says where the log of a failed job is', () => {
  const job = '01a20906-1979-71a5-b11f-c70200c0ffee';
  const failed = node(0, { state: 'failed', reason: 'job_failed', jobId: job });
  const ended = { ...run, state: 'failed', finishedAt: after(5) } as const;
  const log = 'job-orchestrator logs 00c0ffee';
  expect(runStory(ended, [failed, node(1)], now, plain)).toContain(`the log of the failed job: ${log}`);
  expect(runStory(ended, [failed, failed], now, plain)).toContain(`the first of 2 failed jobs: ${log}`);
  expect(runStory(ended, [node(0)], now, plain)).not.toContain('log');
});

test('a story fits the terminal, and loses nothing of why a node failed', () => {
  const name = 'a-node-whose-name-is-longer-than-thirty-characters';
  const message = 'The program ended with exit code 3, and said that the warehouse does not answer.';
  const nodes = [node(0, { name, state: 'failed', reason: 'job_failed', message, startedAt: begun })];
  const narrow = runStory(run, nodes, now, plain, 40).split('\n\n')[1]!;
  expect(narrow.split('\n').every(({ length }) => length <= 40)).toBe(true);
  expect(narrow.replace(/\s+/g, ' ')).toContain(message);
  const wide = runStory(run, nodes, now, plain).split('\n\n')[1]!;
  expect(wide).toBe(`✖ failed    ${name}  10s  its job failed: ${message}\n`);
});
