import { limits, OrchestratorError, type Page, type PageRequest } from '@job-orchestrator/types';
import { createHash } from 'node:crypto';
import { Type } from 'typebox';

/** How many items a page has that asks for no number. */
const defaultPageItems = 50;

/** Parameters of every list that comes in pages. */
export const pageParameters = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.pageItems,
      description: `Items per page; ${defaultPageItems} by default.`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1_024,
      description: 'The `next` of the page before, with the same filters.',
    }),
  ),
};

export interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** A list and its filters in one line: a cursor is good for the list that it came from and for no other. */
export type ListKey = string;

export const listKey = (list: string, filters: object): ListKey => `${list} ${JSON.stringify(filters)}`;

/** Not a secret: it only tells a cursor of ours, unharmed and for this list, from anything else. */
const seal = (key: ListKey, inner: string): string =>
  createHash('sha256').update(`${key} ${inner}`).digest('base64url').slice(0, 8);

const badCursor = (cursor: string): OrchestratorError =>
  new OrchestratorError('bad_cursor', 'The cursor does not belong to this list with these filters.', [
    { field: 'cursor', message: 'is not one that this list gave', value: cursor.slice(0, 64) },
  ]);

const openCursor = (key: ListKey, cursor: string): string => {
  const [body = '', sealed] = cursor.split('.', 2);
  const inner = Buffer.from(body, 'base64url').toString('utf8');
  if (sealed === seal(key, inner) && Buffer.from(inner).toString('base64url') === body) return inner;
  throw badCursor(cursor);
};

/** The page that a query asks for. Throws `bad_cursor` before the database sees it. */
const pageRequest = (key: ListKey, query: PageQuery): PageRequest => ({
  after: query.cursor === undefined ? null : openCursor(key, query.cursor),
  limit: query.limit ?? defaultPageItems,
});

/** Reads the page of a list that a query asks for: its items converted, its cursor sealed. Throws `bad_cursor`. */
export const readPage = async <Item, Dto>(
  key: ListKey,
  query: PageQuery,
  read: (page: PageRequest) => Promise<Page<Item>>,
  convert: (item: Item) => Dto | Promise<Dto>,
): Promise<{ readonly items: readonly Dto[]; readonly next: string | null }> => {
  const { items, next } = await read(pageRequest(key, query));
  return {
    items: await Promise.all(items.map(convert)),
    next: next === null ? null : `${Buffer.from(next).toString('base64url')}.${seal(key, next)}`,
  };
};
