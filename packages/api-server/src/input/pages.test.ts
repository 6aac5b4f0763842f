import * as fc from 'fast-check';
import { isOrchestratorError, type PageRequest } from '@job-orchestrator/types';
import { describe, expect, it } from 'vitest';
import { listKey, readPage } from './pages.ts';

const key = listKey('jobs', { topic: 'a' });
const cursorOf = async (inner: string): Promise<string> =>
  (await readPage(key, {}, async () => ({ items: [], next: inner }), String)).next!;

/** What the repository is asked to begin after, or the code of the refusal. */
const codeOf = async (cursor: string, of = key): Promise<string> => {
  let after: string | null = null;
  const read = async (page: PageRequest) => {
    after = page.after;
    return { items: [], next: null };
  };
  try {
    await readPage(of, { cursor }, read, String);
    return after ?? 'none';
  } catch (error) {
    if (isOrchestratorError(error)) return error.code;
    throw error;
  }
};

describe('cursors', () => {
  it('come back as the repository gave them, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (inner) => {
        expect(await codeOf(await cursorOf(inner))).toBe(inner);
      }),
    );
  });

  it('are refused for another list or other filters', async () => {
    const cursor = await cursorOf('2026-01-01');
    expect(await codeOf(cursor, listKey('jobs', { topic: 'b' }))).toBe('bad_cursor');
    expect(await codeOf(cursor, listKey('images', { topic: 'a' }))).toBe('bad_cursor');
  });

  it('are refused with any character changed, before a database sees them', async () => {
    const cursor = await cursorOf('2026-01-01T00:00:00Z/abc');
    await fc.assert(
      fc.asyncProperty(fc.nat(cursor.length - 1), fc.constantFrom(...'aZ09-_.=%'), async (place, letter) => {
        fc.pre(cursor[place] !== letter);
        expect(await codeOf(cursor.slice(0, place) + letter + cursor.slice(place + 1))).toBe('bad_cursor');
      }),
    );
  });

  it.each(['', '.', 'abc', '../../etc/passwd', "' or 1=1 --", 'ü.ü'])('refuse %j', async (cursor) => {
    expect(await codeOf(cursor)).toBe('bad_cursor');
  });

  it('end with the last page', async () => {
    const asked: PageRequest[] = [];
    const read = async (page: PageRequest) => {
      asked.push(page);
      return { items: [1], next: null };
    };
    expect(await readPage(key, {}, read, String)).toEqual({ items: ['1'], next: null });
    expect(asked).toEqual([{ after: null, limit: 50 }]);
  });
});
