import { failure, type Logger } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { buildLaunch } from './testing/build-launch.ts';
import { fakeCommand } from './testing/fake/program-run.ts';
import { silentLog } from './testing/silent-log.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const forever = [{ kind: 'waitForStop' }] as const;

test('an object that appears after its attempt was closed is stopped, and removed when its tombstone is old', async () => {
  const refusal = failure('launch_refused', 'quota of objects');
  trial.world.faults.add({ method: 'ensure', fault: { kind: 'unresolved', appearsAfterMs: 20_000 } });
  trial.world.faults.add({ method: 'ensure', fault: { kind: 'refused', failure: refusal } });
  const id = await trial.submit(forever);
  trial.launchExecutor();
  expect(await trial.untilEnded([id])).toMatchObject([{ state: 'failed' }]);
  await trial.until('the late object', () => trial.world.objects.size === 1);
  const [late] = trial.world.objects.values();
  await trial.until('the stop', () => late?.run?.exit() !== null, 70_000);
  await trial.pass(70_000);
  expect(trial.world.objects.size).toBe(1);
  trial.age(600);
  await trial.until('the removal', () => trial.world.objects.size === 0, 70_000);
});

test('an object that no attempt is known for is named once and left alone', async () => {
  const installation = await trial.database.queue.installation();
  trial.world.create(buildLaunch(installation, { command: fakeCommand(forever) }));
  const warnings: string[] = [];
  const log: Logger = { ...silentLog, warn: (_fields, message) => void warnings.push(message) };
  trial.launchExecutor({ log });
  trial.age(100_000);
  await trial.pass(200_000);
  expect(trial.world.objects.size).toBe(1);
  expect(warnings.filter((message) => message.includes('left alone')).length).toBe(1);
});

test('what another executor runs is none of its business', async () => {
  const id = await trial.submit(forever);
  trial.launchExecutor();
  await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
  const idle = trial.launchExecutor();
  trial.age(100_000);
  await trial.pass(130_000);
  expect(idle.mortal.calls.get('runtime.list')).toBeGreaterThan(1);
  expect([idle.mortal.calls.get('runtime.stop'), idle.mortal.calls.get('runtime.remove')]).toEqual([
    undefined,
    undefined,
  ]);
  expect((await trial.job(id)).state).toBe('running');
});
