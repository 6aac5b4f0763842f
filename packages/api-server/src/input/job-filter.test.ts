import { isOrchestratorError, limits, type Problem } from '@job-orchestrator/types';
import { describe, expect, it } from 'vitest';
import { jobFilter, readJobList } from './job-filter.ts';

const problemsOf = (query: object): readonly Problem[] => {
  try {
    jobFilter(readJobList(query));
    return [];
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'invalid_input') return error.problems;
    throw error;
  }
};

describe('filter of jobs', () => {
  it('reads every parameter', () => {
    const query = { project: 'p', topic: 't', state: 'failed,running', image: 'i', label: ['a=b', 'x.y/z='] };
    expect(jobFilter(readJobList({ ...query, limit: '7' }))).toEqual({
      project: 'p',
      topic: 't',
      states: ['failed', 'running'],
      image: 'i',
      labels: { a: 'b', 'x.y/z': '' },
    });
    expect(readJobList({ limit: '7' }).limit).toBe(7);
    expect(jobFilter(readJobList({ label: 'a=b' })).labels).toEqual({ a: 'b' });
  });

  it.each<[object, string, RegExp]>([
    [{ topik: 'a' }, 'topik', /did you mean topic/],
    [{ topic: 'A' }, 'topic', /lower-case/],
    [{ topic: 'a'.repeat(limits.nameChars + 1) }, 'topic', /63/],
    [{ topic: ['a', 'b'] }, 'topic', /string/],
    [{ project: 'a\0' }, 'project', /NUL/],
    [{ image: '\uD800' }, 'image', /surrogate/],
    [{ state: 'done' }, 'state', /completed/],
    [{ state: 'failed,' }, 'state', /one or more/],
    [{ limit: '0' }, 'limit', /at least 1/],
    [{ limit: '501' }, 'limit', /at most 500/],
    [{ limit: '1e2' }, 'limit', /whole number/],
    [{ limit: '' }, 'limit', /whole number/],
    [{ label: 'a' }, 'label', /KEY=VALUE/],
    [{ label: '=b' }, 'label', /KEY=VALUE/],
    [{ label: '-a=b' }, 'label', /key/],
    [{ label: 'a=b c' }, 'label', /value/],
    [{ label: `a=${'b'.repeat(64)}` }, 'label', /63/],
    [{ label: ['a=b', 'a=c'] }, 'label', /two values/],
    [{ label: Array.from({ length: 33 }, (_, index) => `a${index}=b`) }, 'label', /at most 32/],
    [{ __proto__: null, constructor: 'x' }, 'constructor', /not a known/],
  ])('refuses %j, naming the field', (query, field, message) => {
    const problems = problemsOf(query);
    expect(problems[0]?.field.replace(/\[\d+\]$/, '')).toBe(field);
    expect(problems[0]?.message).toMatch(message);
  });
});
