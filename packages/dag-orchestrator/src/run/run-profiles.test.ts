import { bindSecret, putProfile } from '@job-orchestrator/operations';
import { freshDatabase } from '@job-orchestrator/postgres/testing';
import { validateProfile, type JobSpec } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDag } from '../compile/load.ts';
import { orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const context = { actor: 'tester', reason: 'a test' };
let harness: Orchestrated['harness'];
let close: Orchestrated['close'];
beforeAll(async () => {
  ({ harness, close } = await orchestrated(freshDatabase));
});
afterAll(() => close());

const define = (name: string, fields: object) =>
  putProfile(harness.deps, validateProfile({ name, ...fields }), context);
const graphOf = (name: string, document: object) => loadDag({ name, ...document }).graph;

test('nodes name profiles and secrets, over the defaults; the rules are those of the start of the run', async () => {
  await define('large', { resources: { limits: { memory: '8Gi' } } });
  await define('default', { resources: { limits: { memory: '1Gi' } } });
  await bindSecret(harness.deps, { name: 'api', secret: 's', key: 'k' }, context);
  const graph = graphOf('named', {
    defaults: {
      image: 'busybox',
      profile: 'large',
      env: { MODE: 'all' },
      secretEnv: { TOKEN: 'api' },
      localQueue: 'a',
    },
    nodes: {
      one: {},
      two: {
        profile: 'default',
        env: { TOKEN: 'plain' },
        localQueue: 'b',
        resources: { sharedMemory: '64Mi' },
      },
      three: { needs: ['one'], secretEnv: { MODE: 'api' } },
    },
  });
  const run = await harness.start(graph);
  await define('large', { resources: { limits: { memory: '9Gi' } } });
  const specs = new Map<string, JobSpec>();
  await harness.finish(run, ({ spec }) => {
    specs.set(spec.name!, spec);
    return null;
  });
  expect(specs.get('one')).toMatchObject({
    profile: 'large',
    localQueue: 'a',
    env: { MODE: 'all' },
    secretEnv: { TOKEN: 'api' },
    resources: { limits: { memory: '8Gi' } },
  });
  expect(specs.get('two')).toMatchObject({
    profile: 'default',
    localQueue: 'b',
    env: { MODE: 'all', TOKEN: 'plain' },
    resources: { limits: { memory: '1Gi' }, sharedMemory: '64Mi' },
  });
  expect(specs.get('two')).not.toHaveProperty('secretEnv');
  expect(specs.get('three')).toMatchObject({ secretEnv: { TOKEN: 'api', MODE: 'api' } });
  expect(specs.get('three')?.env).not.toHaveProperty('MODE');
  expect(specs.get('three')?.resources?.limits).toEqual({ memory: '8Gi' });
});

test('what no run could begin with is refused at its start, with the node', async () => {
  await define('small', { resources: { limits: { memory: '1Gi' } }, maximum: { memory: '1Gi' } });
  const start = (name: string, node: object) =>
    harness.start(graphOf(name, { nodes: { one: { image: 'busybox', ...node } } }));
  await expect(start('unknown', { profile: 'smal' })).rejects.toMatchObject({
    code: 'profile_not_found',
    problems: [
      { field: 'nodes.one.profile', message: expect.stringContaining('did you mean small?') as string },
    ],
  });
  await expect(
    start('greedy', { profile: 'small', resources: { limits: { memory: '2Gi' } } }),
  ).rejects.toMatchObject({
    code: 'invalid_input',
    problems: [{ field: 'nodes.one.resources.limits.memory', limit: '1Gi' }],
  });
  await expect(start('unbound', { secretEnv: { TOKEN: 'nothing' } })).rejects.toMatchObject({
    code: 'secret_not_bound',
    problems: [{ field: 'nodes.one.secretEnv.TOKEN' }],
  });
});
