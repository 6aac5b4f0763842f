import { expect, test } from 'vitest';
import type { AttemptRef } from '@job-orchestrator/types';
import type { ConformingRuntime } from './harness.ts';
import type { Subject } from './subject.ts';

/** What is left of an ended attempt is removed by uid. */
export const removalTests = (get: () => Subject): void => {
  const finished = async (): Promise<{ runtime: ConformingRuntime; ref: AttemptRef }> => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'exit', code: 0 }]));
    await ended(runtime, ref);
    return { runtime, ref };
  };

  test('remove takes the object away: absent, unlisted, and removing it again is fine', async () => {
    const { until, observed } = get();
    const { runtime, ref } = await finished();
    await until('the removal', async () => ((await runtime.remove(ref)) ? true : null));
    const seen = await observed(runtime, ref, ({ kind }) => kind === 'absent');
    expect(seen.kind).toBe('absent');
    await until('the object to leave the list', async () => {
      const refs = await runtime.list();
      return refs && !refs.some((each) => each.attemptId === ref.attemptId) ? true : null;
    });
    await until('the second removal', async () => ((await runtime.remove(ref)) ? true : null));
  });

  test('remove with a uid that is not the object’s leaves the object alone', async () => {
    const { runtime, ref } = await finished();
    if (!ref.object) throw new Error('no object');
    const other = { ...ref, object: { ...ref.object, uid: '00000000-0000-4000-8000-000000000000' } };
    await runtime.remove(other);
    expect((await runtime.observe(ref)).kind).toBe('ended');
  });

  test('what was never made is absent, and asking it to stop or to go is fine', async () => {
    const { start, launch, observed } = get();
    const { runtime } = await start();
    const never = launch([{ kind: 'exit', code: 0 }]);
    await observed(runtime, never, ({ kind }) => kind === 'absent');
    expect(typeof (await runtime.stop(never, 0))).toBe('boolean');
    expect(await runtime.logTail(never, 100)).toBeNull();
    expect(await runtime.remove(never)).toBe(true);
  });
};
