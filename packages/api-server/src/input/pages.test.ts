import * as fc from 'fast-check';
import { isOrchestratorError } from '@job-orchestrator/types';
import { describe, expect, it } from 'vitest';
import { listKey, pageRequest, toPage } from './pages.ts';

const key = listKey('jobs', { topic: 'a' });
const cursorOf = (inner: string): string => toPage(key, { items: [], next: inner }, (item) => item).next!;

const codeOf = (cursor: string, of = key): string => {
  try {
    return pageRequest(of, { cursor }).after ?? 'none';
  } catch (error) {
    if (isOrchestratorError(error)) return error.code;
    throw error;
  }
};

describe('cursors', () => {
  it('come back as the repository gave them, whatever they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (inner) => {
        expect(codeOf(cursorOf(inner))).toBe(inner);
      }),
    );
  });

  it('are refused for another list or other filters', () => {
    const cursor = cursorOf('2026-01-01');
    expect(codeOf(cursor, listKey('jobs', { topic: 'b' }))).toBe('bad_cursor');
    expect(codeOf(cursor, listKey('images', { topic: 'a' }))).toBe('bad_cursor');
  });

  it('are refused with any character changed, before a database sees them', () => {
    const cursor = cursorOf('2026-01-01T00:00:00Z/abc');
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), fc.constantFrom(...'aZ09-_.=%'), (place, letter) => {
        fc.pre(cursor[place] !== letter);
        expect(codeOf(cursor.slice(0, place) + letter + cursor.slice(place + 1))).toBe('bad_cursor');
      }),
    );
  });

  it.each(['', '.', 'abc', '../../etc/passwd', "' or 1=1 --", 'ü.ü'])('refuse %j', (cursor) => {
    expect(codeOf(cursor)).toBe('bad_cursor');
  });

  it('end with the last page', () => {
    expect(toPage(key, { items: [1], next: null }, String)).toEqual({ items: ['1'], next: null });
    expect(pageRequest(key, {})).toEqual({ after: null, limit: 50 });
  });
});
