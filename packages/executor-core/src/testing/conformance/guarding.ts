import { expect, test } from 'vitest';
import type { Subject } from './subject.ts';

/** The guard of `ensure` is asked at the very send: no create leaves after it said no. */
export const guardTests = (get: () => Subject): void => {
  test('a create that its guard forbids is never sent, and an allowed one after it is the first', async () => {
    const { start, launch, ensured, ended, log } = get();
    const { runtime } = await start();
    const made = launch([
      { kind: 'print', text: 'ran' },
      { kind: 'exit', code: 0 },
    ]);
    let asked = 0;
    const forbid = (): boolean => {
      asked += 1;
      return false;
    };
    expect(await runtime.ensure(made, forbid)).toEqual({ kind: 'withheld' });
    expect(asked).toBeGreaterThan(0);
    expect(await runtime.observe(made)).toEqual({ kind: 'absent' });
    expect((await runtime.ensure(made, () => true)).kind).toBe('created');
    const ref = await ensured(runtime, made);
    await ended(runtime, ref);
    expect(await log(runtime, ref)).toBe('ran\n');
  });

  test('a guard that turns while a create is under way leaves nothing behind', async () => {
    const { start, launch } = get();
    const { runtime } = await start();
    const made = launch([{ kind: 'exit', code: 0 }]);
    // However often a runtime asks before its last look, that one decides.
    for (let allowed = 0; ; allowed += 1) {
      let left = allowed;
      const outcome = await runtime.ensure(made, () => (left -= 1) >= 0);
      if (outcome.kind === 'created') break;
      expect(outcome).toEqual({ kind: 'withheld' });
      expect(await runtime.observe(made)).toEqual({ kind: 'absent' });
      expect((await runtime.list())?.map(({ attemptId }) => attemptId) ?? []).not.toContain(made.attemptId);
    }
  });
};
