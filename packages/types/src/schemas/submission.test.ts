import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { defaultDeadlines, limits } from '../vocabulary/limits.ts';
import { JobSubmissionSchema } from './submission.ts';

const page = readFileSync(new URL('../../../../docs/jobs.md', import.meta.url), 'utf8');

test('docs/jobs.md names every field of a job, every deadline with its default, and the limits', () => {
  const words = [...Object.keys(JobSubmissionSchema.properties), ...Object.keys(defaultDeadlines)];
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  for (const seconds of Object.values(defaultDeadlines)) expect(page).toContain(String(seconds));
  for (const limit of [limits.inputsBytes, limits.deadlineSeconds, limits.priority.most, limits.labelCount])
    expect(page).toContain(limit.toLocaleString('en'));
});
