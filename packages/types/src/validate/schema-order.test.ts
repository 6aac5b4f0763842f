import { expect, test } from 'vitest';
import { validateJobBatch, validateJobSubmission } from './submissions.ts';

// A file of its own: what was compiled first is remembered for the life of the process.
test('a job can be checked after a batch, whose schema contains its own', () => {
  expect(validateJobBatch([{ image: 'a' }, { image: 'b' }]).jobs).toHaveLength(2);
  expect(validateJobSubmission({ image: 'a' })).toEqual({ image: 'a' });
});
