import { setTimeout as delay } from 'node:timers/promises';
import type { Topic, TopicRepository, WakeUps, WriteContext } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Sql, Store } from '../connection/sql.ts';
import { currentTransaction, lockCounter, mendCounter, olderSnapshots } from '../sql/counters.ts';
import { recordChange } from '../sql/images.ts';
import { ensureTopics, topicParameters } from '../sql/insert-jobs.ts';
import { dropLimit, listTopics, putLimit, readTopic, setPaused, topicId } from '../sql/topics.ts';

/** How long a new limit waits for claims that began before it; a claim takes milliseconds. */
const claimsEndWithinMs = 2_000;

const ensureTopic = async (sql: Sql, project: string, name: string): Promise<number> => {
  await sql.run(ensureTopics, topicParameters([{ project, topic: name }]));
  const id = await topicId(sql, project, name);
  if (id === null) throw new Error(`topic ${project}/${name} was made and is not there`);
  return id;
};

/** A claim whose snapshot is older than the new counter did not see it, and took no slot. */
const untilOlderClaimsEnded = async (store: Store, xid: string): Promise<void> => {
  const deadline = performance.now() + claimsEndWithinMs;
  while (performance.now() < deadline && (await olderSnapshots(store, xid))) await delay(5);
};

const countClaimed = (store: Store, id: number): Promise<unknown> =>
  store.transaction(async (sql) => {
    await lockCounter(sql, id);
    return mendCounter(sql, id);
  });

interface Change {
  readonly project: string;
  readonly name: string;
  readonly context: WriteContext;
}

/**
 * A new counter lets nothing through at first. When every claim that could not see it has ended, it is set to what is
 * claimed; from then on it is exact.
 */
const limitTopic = async (
  store: Store,
  { project, name, context }: Change,
  limit: number | null,
): Promise<Topic> => {
  const made = await store.transaction(async (sql) => {
    const id = await ensureTopic(sql, project, name);
    const toCount = limit === null ? (await dropLimit(sql, id), false) : await putLimit(sql, id, limit);
    await recordChange(sql, context, { kind: 'topic_limit', project, name, data: { limit } });
    return { id, toCount, xid: await currentTransaction(sql) };
  });
  if (made.toCount) {
    await untilOlderClaimsEnded(store, made.xid);
    await countClaimed(store, made.id);
  }
  return readTopic(store, made.id);
};

const pauseTopic = (store: Store, { project, name, context }: Change, paused: boolean): Promise<Topic> =>
  store.transaction(async (sql) => {
    const id = await ensureTopic(sql, project, name);
    await setPaused(sql, id, paused);
    await recordChange(sql, context, { kind: 'topic_paused', project, name, data: { paused } });
    return readTopic(sql, id);
  });

/** The topics of one database. */
export const createTopics = (store: Store, wakeUps: WakeUps): TopicRepository => {
  const thenWake = async (change: () => Promise<Topic>): Promise<Topic> => {
    const topic = await withRetries('repeatable', change);
    wakeUps.send('jobs');
    return topic;
  };
  return {
    get: (project, name) =>
      withRetries('repeatable', async () => {
        const id = await topicId(store, project, name);
        return id === null ? null : readTopic(store, id);
      }),
    list: (project) => withRetries('repeatable', () => listTopics(store, project)),
    setPaused: (project, name, paused, context) =>
      thenWake(() => pauseTopic(store, { project, name, context }, paused)),
    setLimit: (project, name, limit, context) =>
      thenWake(() => limitTopic(store, { project, name, context }, limit)),
  };
};
