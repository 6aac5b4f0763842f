import { isUuid, limits, OrchestratorError, type Page, type PageRequest } from '@job-orchestrator/types';

/** A cursor is the key of the last item, as base64url of a JSON array of texts. */
type Key = readonly string[];

const encode = (key: Key): string => Buffer.from(JSON.stringify(key)).toString('base64url');

const refuse = (): never => {
  throw new OrchestratorError('bad_cursor', 'The cursor is not one that this list gave.');
};

const decode = (cursor: string, parts: readonly KeyPart[]): Key => {
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return refuse();
  }
  if (!Array.isArray(key) || key.length !== parts.length) return refuse();
  const fits = key.every(
    (text: unknown, index) =>
      typeof text === 'string' &&
      text.length <= 255 &&
      !text.includes('\0') &&
      (parts[index] === 'name' || isUuid(text)),
  );
  return fits ? (key as Key) : refuse();
};

/** What a part of a key is: it decides what a cursor may carry. */
type KeyPart = 'uuid' | 'name';

/**
 * One page: reads one item more than asked, to know whether another page follows.
 * Throws `bad_cursor` for a cursor that is not ours.
 */
export const pageOf = async <Item>(
  page: PageRequest,
  read: (after: Key | null, limit: number) => Promise<readonly Item[]>,
  keyOf: (item: Item) => Key,
  parts: readonly KeyPart[] = ['uuid'],
): Promise<Page<Item>> => {
  const limit = Math.max(1, Math.min(page.limit, limits.pageItems));
  const found = await read(page.after === null ? null : decode(page.after, parts), limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? encode(keyOf(last)) : null };
};
