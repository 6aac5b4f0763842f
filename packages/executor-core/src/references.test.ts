import type { AttemptLaunch, NewProfile, WriteContext } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const context: WriteContext = { actor: 'tester', reason: 'a test' };
const exit = (code: number) => [{ kind: 'exit', code }] as const;
const profile: NewProfile = {
  project: 'default',
  name: 'gpu',
  description: null,
  defaultForTopics: [],
  nodeSelector: { pool: 'gpu' },
  tolerations: [],
  priorityClassName: null,
  serviceAccountName: null,
  runtimeClassName: null,
  pullSecrets: [],
  localQueue: null,
  resources: null,
  maximum: {},
};
const binding = { project: 'default', name: 'api', secret: 'reports', key: 'token', topics: [], images: [] };
const retry = { maxRetries: 1, infrastructureRetries: 0 };
/** What each create was asked for, in order. */
const launchesOf = ({ world }: Trial): readonly AttemptLaunch[] => {
  const seen: AttemptLaunch[] = [];
  const create = world.create.bind(world);
  world.create = (launch) => {
    seen.push(launch);
    return create(launch);
  };
  return seen;
};

describe('what a job names', () => {
  test('is read anew at each attempt: a changed profile counts for the next one', async () => {
    await trial.database.profiles.put(profile, context);
    const launches = launchesOf(trial);
    const id = await trial.submit([{ kind: 'sleep', seconds: 20 }, ...exit(1)], { profile: 'gpu', retry });
    trial.launchExecutor();
    await trial.until('the first attempt', () => launches.length === 1);
    await trial.database.profiles.put({ ...profile, nodeSelector: { pool: 'new' } }, context);
    await trial.untilEnded([id]);
    const pools = launches.map(({ placement }) => placement?.nodeSelector['pool']);
    expect(pools).toEqual(['gpu', 'new']);
  });

  test('comes as references to where the values lie', async () => {
    await trial.database.secretBindings.bind(binding, context);
    const launches = launchesOf(trial);
    const id = await trial.submit(exit(0), { secretEnv: { TOKEN: 'api' } });
    trial.launchExecutor();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed' }]);
    expect(launches).toMatchObject([{ secretEnv: { TOKEN: { secret: 'reports', key: 'token' } } }]);
    expect(launches[0]).not.toHaveProperty('placement');
  });

  test('and is gone fails the job honestly, and nothing is made of it', async () => {
    await trial.database.profiles.put(profile, context);
    await trial.database.secretBindings.bind({ ...binding, topics: ['another'] }, context);
    const ids = [
      await trial.submit(exit(0), { profile: 'nowhere' }),
      await trial.submit(exit(0), { profile: 'gpu', secretEnv: { TOKEN: 'unbound' } }),
      await trial.submit(exit(0), { secretEnv: { TOKEN: 'api' } }),
    ];
    trial.launchExecutor();
    expect(
      (await trial.untilEnded(ids)).map(({ state, failure }) => [state, failure?.reason, failure?.message]),
    ).toEqual([
      ['failed', 'profile_missing', 'There is no profile nowhere in project default any more.'],
      ['failed', 'secret_not_bound', 'secretEnv.TOKEN: unbound is not bound any more.'],
      ['failed', 'secret_not_bound', expect.stringContaining('is bound for the topics another') as string],
    ]);
    expect(trial.world.created.size).toBe(0);
  });

  test('is waited for while the database cannot answer', async () => {
    await trial.database.profiles.put(profile, context);
    const id = await trial.submit(exit(0), { profile: 'gpu' });
    let refusals = 0;
    trial.launchExecutor({
      change: (database) => ({
        ...database,
        ping: () => database.ping(),
        profiles: {
          ...database.profiles,
          get: (...args) => {
            refusals += 1;
            return refusals <= 2 ? Promise.reject(new Error('away')) : database.profiles.get(...args);
          },
        },
      }),
    });
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    expect(refusals).toBe(3);
  });
});
