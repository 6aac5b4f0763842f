import { expect, test } from 'vitest';
import { unguarded } from '../build-launch.ts';
import type { Subject } from './subject.ts';

/** Another instance over the same objects goes on where the first stopped. */
export const adoptionTests = (get: () => Subject): void => {
  test('a second instance observes to its end what the first began', async () => {
    const { start, launch, ensured, ended, log } = get();
    const first = await start();
    const made = launch([
      { kind: 'print', text: 'begun' },
      { kind: 'sleep', seconds: 1 },
      { kind: 'print', text: 'done' },
      { kind: 'exit', code: 9 },
    ]);
    const ref = await ensured(first.runtime, made);
    await first.runtime.close();
    const second = await start();
    expect(await second.runtime.ensure(made, unguarded)).toEqual({ kind: 'exists', object: ref.object });
    const { exit } = await ended(second.runtime, ref);
    expect(exit.exitCode).toBe(9);
    expect(await log(second.runtime, ref)).toBe('begun\ndone\n');
  });

  test('what ended while nobody looked is recorded as it was', async () => {
    const { start, launch, ensured, ended } = get();
    const first = await start();
    const ref = await ensured(first.runtime, launch([{ kind: 'exit', code: 4 }]));
    await ended(first.runtime, ref);
    await first.runtime.close();
    const second = await start();
    expect((await second.runtime.observe(ref)).kind).toBe('ended');
    expect((await ended(second.runtime, ref)).exit.exitCode).toBe(4);
  });

  test('a second instance stops what the first began', async () => {
    const { start, launch, ensured, observed } = get();
    const first = await start();
    const ref = await ensured(first.runtime, launch([{ kind: 'waitForStop' }]));
    await observed(first.runtime, ref, ({ kind }) => kind === 'running');
    await first.runtime.close();
    const second = await start();
    await observed(second.runtime, ref, ({ kind }) => kind === 'running');
    expect(await second.runtime.stop(ref, 1)).toBe(true);
    await observed(second.runtime, ref, ({ kind }) => kind === 'ended' || kind === 'absent');
  });
};
