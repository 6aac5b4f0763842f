import type { JobSummaryDto } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { waitingGroups } from './wait-news.ts';

const job = (name: string, changes: Partial<JobSummaryDto>): JobSummaryDto => ({
  id: '01890000-0000-7000-8000-0000deadbeef',
  name,
  project: 'default',
  topic: 'etl',
  image: 'hello',
  state: 'pending',
  priority: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
  attemptFinishedAt: null,
  attempt: 0,
  exitCode: null,
  reason: null,
  ...changes,
});

const namesOf = (jobs: readonly JobSummaryDto[]): unknown =>
  waitingGroups(jobs).map((group) => group.map(({ name }) => name));

test('jobs that wait for the same are one group: by topic in the queue, by reason once they are claimed', () => {
  expect(
    namesOf([
      job('a', {}),
      job('b', { topic: 'other' }),
      job('c', {}),
      job('d', { state: 'claimed', reason: 'unschedulable' }),
      job('e', { state: 'claimed', reason: 'quota' }),
      job('f', { state: 'claimed', reason: 'unschedulable' }),
    ]),
  ).toEqual([['a', 'c'], ['b'], ['d', 'f'], ['e']]);
});

test('what runs, has ended or stands until its time waits for nothing', () => {
  expect(
    namesOf([
      job('a', { state: 'running' }),
      job('b', { state: 'completed' }),
      job('c', { state: 'failed', reason: 'exit_code' }),
      job('d', { state: 'scheduled' }),
    ]),
  ).toEqual([]);
});

test('of many groups only a few are asked', () => {
  const many = Array.from({ length: 100 }, (_, index) => job(`j${index}`, { topic: `t${index}` }));
  expect(waitingGroups(many)).toHaveLength(5);
});
