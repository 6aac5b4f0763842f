import { describe, expect, it } from 'vitest';
import { complaintsAbout, type JobStory } from '../harness/verdict.ts';

const attempt = (number: number, state: string, claimedAt: string, closedAt: string | null) => ({
  number,
  state,
  claimedAt,
  closedAt,
});
const event = (seq: number, kind: string) => ({ seq, kind });

const sound = {
  job: {
    id: 'a',
    state: 'completed',
    attempts: [
      attempt(1, 'lost', '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z'),
      attempt(2, 'succeeded', '2026-01-01T00:01:00Z', '2026-01-01T00:02:00Z'),
    ],
  },
  events: [event(1, 'submitted'), event(2, 'claimed'), event(3, 'completed')],
};

const complaints = (change: (story: typeof sound) => void, submitted = ['a']) => {
  const story = structuredClone(sound);
  change(story);
  return complaintsAbout(submitted, [story as unknown as JobStory]);
};

describe('the checker', () => {
  it('finds nothing wrong with a sound job', () => {
    expect(complaints(() => undefined)).toEqual([]);
  });

  it.each<[string, RegExp, (story: typeof sound) => void]>([
    ['a job that is not over', /not terminal/, (story) => (story.job.state = 'running')],
    ['a gap in the events', /gaps/, (story) => (story.events[1]!.seq = 3)],
    ['two terminal events', /2 terminal events/, (story) => story.events.push(event(4, 'completed'))],
    ['an event after the end', /last event is claimed/, (story) => story.events.push(event(4, 'claimed'))],
    ['a repeated attempt number', /attempt 2 has number 1/, (story) => (story.job.attempts[1]!.number = 1)],
    ['an open attempt', /still running/, (story) => (story.job.attempts[0]!.state = 'running')],
    [
      'attempts at the same time',
      /before attempt 1 was closed/,
      (story) => (story.job.attempts[0]!.closedAt = '2026-01-01T00:01:30Z'),
    ],
    [
      'an attempt after success',
      /yet another followed/,
      (story) => (story.job.attempts[0]!.state = 'succeeded'),
    ],
    [
      'success without a successful attempt',
      /last attempt is failed/,
      (story) => (story.job.attempts[1]!.state = 'failed'),
    ],
  ])('sees %s', (_name, words, change) => {
    expect(complaints(change).join('\n')).toMatch(words);
  });

  it('sees a lost job and one that nobody submitted', () => {
    expect(complaints(() => undefined, ['b'])).toEqual([
      'job b was accepted and is lost',
      'job a was never submitted',
    ]);
  });
});
