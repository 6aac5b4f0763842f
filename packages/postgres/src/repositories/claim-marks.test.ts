import { expect, test } from 'vitest';
import type { ClaimedRow } from '../sql/claim-jobs.ts';
import { createClaimMarks } from './claim-marks.ts';

const claimed = [{ topicId: 1, rank: 0, runAt: new Date(0), jobId: 'a' }] as unknown as ClaimedRow[];
const pollMs = 5_000;

test('the next scan from the beginning comes after twenty times the cost of the last one', () => {
  const marks = createClaimMarks();
  expect(marks.segments(0)).toEqual([]);
  marks.note(claimed, true, 0, 10);
  expect(marks.segments(209)).not.toEqual([]);
  expect(marks.segments(210)).toEqual([]);
});

test('a scan that waited long for a lock hides no job for longer than the safety poll takes', () => {
  const marks = createClaimMarks();
  marks.note(claimed, true, 0, 6_000);
  expect(marks.segments(6_001)).not.toEqual([]);
  expect(marks.segments(6_000 + pollMs)).toEqual([]);
});
