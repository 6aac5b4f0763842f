import type { FoundJobIds, JobId } from '@job-orchestrator/types';
import type { Store } from '../connection/sql.ts';
import { idsBetween, searchSuffix } from '../sql/read-jobs.ts';

/**
 * How far a search by the end of an id goes. `window`: the newest ids of each table, looked at first. `page`: how many older ones
 * at once. `budgetMs`: no further page is begun after this long.
 */
export interface SearchLimits {
  readonly window: number;
  readonly page: number;
  readonly budgetMs: number;
}

// 1.0 to 1.8 µs an id (2 million, busy machine with 2 cores): 5 s are three to five million jobs, and a page keeps well under
// the 15 s that a statement may take.
const defaultLimits: SearchLimits = { window: 200_000, page: 1_000_000, budgetMs: 5_000 };

const hexDashed = /^[0-9a-f-]{1,36}$/;
const template = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The part with its dashes where a uuid has them; null where it cannot begin one. */
const asPrefix = (part: string): string | null => {
  const hex = part.replaceAll('-', '');
  const text = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  const dashed = text.slice(0, hex.length + [8, 12, 16, 20].filter((at) => hex.length > at).length);
  return dashed === part || `${dashed}-` === part || hex === part ? dashed : null;
};

const fill = (prefix: string, digit: string): string =>
  prefix + `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.slice(prefix.length).replaceAll('x', digit);

const findStarting = async (store: Store, part: string, limit: number): Promise<readonly JobId[]> => {
  const prefix = asPrefix(part);
  const least = prefix === null ? '' : fill(prefix, '0');
  return template.test(least) ? idsBetween(store, least, fill(prefix ?? '', 'f'), limit) : [];
};

const tables = ['jobs', 'finished_jobs'] as const;

/** The newest ids of each table first; where none fits, page by page to the oldest, while the budget lasts. */
const findEnding = async (
  store: Store,
  part: string,
  limit: number,
  limits: SearchLimits,
): Promise<FoundJobIds> => {
  const startedAt = performance.now();
  // The live ones first: a job that ends meanwhile stands in the second table.
  const places = [];
  for (const table of tables)
    places.push({ table, ...(await searchSuffix(store, table, part, null, limits.window, limit)) });
  const ids = places.flatMap(({ found }) => found);
  let looked = places.reduce((sum, each) => sum + each.looked, 0);
  if (ids.length > 0) return { ids, looked, complete: false };
  let complete = true;
  for (const { table, looked: seen, least } of places) {
    let [full, below] = [seen === limits.window, least];
    while (full && ids.length === 0 && performance.now() - startedAt < limits.budgetMs) {
      const page = await searchSuffix(store, table, part, below, limits.page, limit);
      ids.push(...page.found);
      looked += page.looked;
      [full, below] = [page.looked === limits.page, page.least];
    }
    complete = complete && !full;
  }
  return { ids, looked, complete };
};

/** Ids that begin or end with `part`, newest first. */
export const findIds = async (
  store: Store,
  part: string,
  limit: number,
  limits = defaultLimits,
): Promise<FoundJobIds> => {
  if (!hexDashed.test(part)) return { ids: [], looked: 0, complete: true };
  const starting = await findStarting(store, part, limit);
  if (part.length === 36) return { ids: starting, looked: starting.length, complete: true };
  const ending = await findEnding(store, part, limit, limits);
  const ids = [...new Set([...starting, ...ending.ids])].toSorted().toReversed().slice(0, limit);
  return { ...ending, ids };
};
