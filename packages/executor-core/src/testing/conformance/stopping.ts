import { expect, test } from 'vitest';
import type { AttemptRef, Observation } from '@job-orchestrator/types';
import type { Program } from '../programs.ts';
import type { ConformingRuntime } from './harness.ts';
import type { Subject } from './subject.ts';

const over = ({ kind }: Observation): boolean => kind === 'ended' || kind === 'absent';
const notSuccess = (seen: Observation): boolean =>
  seen.kind === 'absent' ||
  (seen.kind === 'ended' && (seen.exit.exitCode !== 0 || seen.exit.failure !== null));

/** A stopped program ends, and nothing of it is left. */
export const stoppingTests = (get: () => Subject): void => {
  const expectNothingLeft = async (ref: AttemptRef): Promise<void> => {
    const { harness, until } = get();
    const { countAlive } = harness;
    if (countAlive)
      await until('nothing to be left', async () => ((await countAlive(ref)) === 0 ? true : null));
  };

  const running = async (program: Program): Promise<{ runtime: ConformingRuntime; ref: AttemptRef }> => {
    const { start, launch, ensured, observed } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch(program));
    await observed(runtime, ref, ({ kind }) => kind === 'running');
    return { runtime, ref };
  };

  test('stop ends a running program and its children', async () => {
    const { runtime, ref } = await running([{ kind: 'spawnChild' }, { kind: 'waitForStop' }]);
    expect(await runtime.stop(ref, 5)).toBe(true);
    const seen = await get().observed(runtime, ref, over);
    expect(notSuccess(seen)).toBe(true);
    await expectNothingLeft(ref);
    expect(await runtime.stop(ref, 5)).toBe(true);
  });

  test('stop kills a program that ignores SIGTERM once its grace is over', async () => {
    const { runtime, ref } = await running([{ kind: 'ignoreStop' }]);
    expect(await runtime.stop(ref, 1)).toBe(true);
    expect(notSuccess(await get().observed(runtime, ref, over))).toBe(true);
    await expectNothingLeft(ref);
  });

  test('a program that is stopped before it starts never succeeds', async () => {
    const { start, launch, ensured, observed } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'waitForStop' }]));
    expect(await runtime.stop(ref, 0)).toBe(true);
    expect(notSuccess(await observed(runtime, ref, over))).toBe(true);
    await expectNothingLeft(ref);
  });

  test('a program that ended before it was stopped keeps its end', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'exit', code: 5 }]));
    await ended(runtime, ref);
    await runtime.stop(ref, 1);
    const seen = await runtime.observe(ref);
    expect(seen.kind === 'absent' || (seen.kind === 'ended' && seen.exit.exitCode === 5)).toBe(true);
  });
};
