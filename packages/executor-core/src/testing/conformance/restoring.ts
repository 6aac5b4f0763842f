import { expect, test } from 'vitest';
import { unguarded } from '../build-launch.ts';
import type { Subject } from './subject.ts';

/** What a runtime does about objects of attempts that the database has forgotten, for it went back in time. */
export const restoreTests = (get: () => Subject): void => {
  test('the object of the same job and number is taken over under another attempt id, and never run twice', async () => {
    const { start, launch, ensured, observed, ended, log } = get();
    const { runtime } = await start();
    const made = launch([
      { kind: 'print', text: 'ran' },
      { kind: 'sleep', seconds: 1 },
      { kind: 'exit', code: 7 },
    ]);
    const former = await ensured(runtime, made);
    await observed(runtime, former, ({ kind }) => kind === 'running');
    const restored = { ...made, attemptId: launch([]).attemptId };
    expect(await runtime.ensure(restored, unguarded)).toEqual({
      kind: 'taken_over',
      object: former.object,
      from: made.attemptId,
    });
    const ref = { ...restored, object: former.object };
    expect((await runtime.observe(ref)).kind).toBe('running');
    expect(await runtime.ensure(restored, unguarded)).toEqual({ kind: 'exists', object: former.object });
    const second = await start();
    for (const each of [runtime, second.runtime]) {
      expect((await ended(each, ref)).exit.exitCode).toBe(7);
      expect(await log(each, ref)).toBe('ran\n');
      expect((await each.list())?.map(({ attemptId }) => attemptId)).toContain(ref.attemptId);
    }
    expect(await second.runtime.remove(ref)).toBe(true);
  });

  test('what ended before it was taken over is recorded as it was', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const made = launch([{ kind: 'exit', code: 4 }]);
    const former = await ensured(runtime, made);
    await ended(runtime, former);
    const restored = { ...made, attemptId: launch([]).attemptId };
    expect((await runtime.ensure(restored, unguarded)).kind).toBe('taken_over');
    expect((await ended(runtime, { ...restored, object: former.object })).exit.exitCode).toBe(4);
  });

  test('what was taken over can be stopped by another instance', async () => {
    const { start, launch, ensured, observed } = get();
    const first = await start();
    const made = launch([{ kind: 'waitForStop' }]);
    const former = await ensured(first.runtime, made);
    await observed(first.runtime, former, ({ kind }) => kind === 'running');
    const restored = { ...made, attemptId: launch([]).attemptId };
    expect((await first.runtime.ensure(restored, unguarded)).kind).toBe('taken_over');
    await first.runtime.close();
    const { runtime } = await start();
    const ref = { ...restored, object: former.object };
    await observed(runtime, ref, ({ kind }) => kind === 'running');
    expect(await runtime.stop(ref, 1)).toBe(true);
    await observed(runtime, ref, ({ kind }) => kind === 'ended' || kind === 'absent');
  });

  test('an attempt of which a later one is there is superseded: nothing is created for it', async () => {
    const { start, launch, ensured, observed } = get();
    const { runtime } = await start();
    const made = { ...launch([{ kind: 'waitForStop' }]), attemptNumber: 3 };
    const later = await ensured(runtime, made);
    await observed(runtime, later, ({ kind }) => kind === 'running');
    const past = { ...made, attemptNumber: 2, attemptId: launch([]).attemptId };
    expect(await runtime.ensure(past, unguarded)).toEqual({ kind: 'superseded', by: 3 });
    expect(await runtime.observe(past)).toEqual({ kind: 'absent' });
    await runtime.stop(later, 0);
    await observed(runtime, later, ({ kind }) => kind === 'ended' || kind === 'absent');
  });
};
