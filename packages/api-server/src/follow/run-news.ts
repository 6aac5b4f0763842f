import type {
  DagRunId,
  DagRunRecord,
  DagRunState,
  NodeRunRecord,
  Page,
  PageRequest,
} from '@job-orchestrator/types';
import type { ApiContext } from '../context.ts';
import { createPace } from './pace.ts';

/**
 * What a followed run says. `run` closes a look: with the nodes before it the reader's picture is whole, and
 * `position` is where to go on from. `end` comes last.
 */
export type RunItem =
  | { readonly kind: 'node'; readonly node: NodeRunRecord }
  | { readonly kind: 'run'; readonly run: DagRunRecord; readonly position: Date }
  | { readonly kind: 'end'; readonly state: DagRunState };

type NewsContext = Pick<ApiContext, 'database' | 'wakes' | 'timings'>;

const pageSize = 500;
const beginning = new Date(0);
/** A look at a run of 100,000 nodes takes some 100 ms of the database: the rest after it takes a multiple, up to this. */
const restFactor = 4;
const longestRestMs = 2_000;

/** `since` null: every node; else those that are out, or ended then or later. */
async function* readNodes(
  { database: { dags } }: NewsContext,
  run: DagRunId,
  since: Date | null,
): AsyncGenerator<NodeRunRecord, void, undefined> {
  let after: string | null = null;
  do {
    const page: PageRequest = { after, limit: pageSize };
    const { items, next }: Page<NodeRunRecord> = await (since === null
      ? dags.listNodeRuns(run, page)
      : dags.listNodeNews(run, since, page));
    yield* items;
    after = next;
  } while (after !== null);
}

interface Told {
  readonly what: string;
  readonly finishedAt: Date | null;
}

/** What was told of nodes that may be read again: those that are out, and the last ones to end. */
const createMemory = () => {
  const told = new Map<string, Told>();
  return {
    /** False where exactly this was told before. */
    isNews: (node: NodeRunRecord): boolean => {
      const { item, state, reason, jobId, jobState, attempt, childRun, items, approval, finishedAt } = node;
      const key = `${node.node} ${item ?? ''}`;
      const what = JSON.stringify([
        state,
        reason,
        jobId,
        jobState,
        attempt,
        childRun,
        items,
        approval?.state,
      ]);
      if (told.get(key)?.what === what) return false;
      if (state !== 'waiting') told.set(key, { what, finishedAt });
      return true;
    },
    /** Forgets nodes that ended before: they are not read again. */
    forgetBefore: (since: Date): void => {
      for (const [key, { finishedAt }] of told)
        if (finishedAt !== null && finishedAt < since) told.delete(key);
    },
  };
};

/**
 * Follows a run: every node as it stands (or, from a position on, what happened since), then each change, until the
 * run has ended or the signal aborts. It holds in memory what is out, not the run.
 */
export async function* followRun(
  context: NewsContext,
  id: DagRunId,
  from: Date | null,
  signal: AbortSignal,
): AsyncGenerator<RunItem, void, undefined> {
  const { dags } = context.database;
  const pace = createPace(context.wakes, context.timings, signal);
  const memory = createMemory();
  let since = from;
  let toldOfRun = '';
  while (!signal.aborted) {
    const begun = performance.now();
    // The run is read first: once it has ended, the nodes read after it are its last word.
    const run = await dags.getRun(id);
    if (run === null) return;
    // So is the last end: what ends while the pages are read ends later than that, and is read again.
    const position = (await dags.lastNodeEnd(id)) ?? beginning;
    let news = toldOfRun !== JSON.stringify(run);
    for await (const node of readNodes(context, id, since)) {
      if (!memory.isNews(node)) continue;
      news = true;
      yield { kind: 'node', node };
    }
    if (news) {
      toldOfRun = JSON.stringify(run);
      pace.reset();
      yield { kind: 'run', run, position };
    }
    if (run.finishedAt !== null) {
      yield { kind: 'end', state: run.state };
      return;
    }
    memory.forgetBefore(position);
    since = position;
    await pace.rest(Math.min(longestRestMs, (performance.now() - begun) * restFactor));
  }
}
