import { expect, test } from 'vitest';
import { unguarded } from '../build-launch.ts';
import type { Subject } from './subject.ts';

/** How a program ended is told as it was. */
export const endingTests = (get: () => Subject): void => {
  test('a program that ends with 0 ended without a failure', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'exit', code: 0 }]));
    const { exit } = await ended(runtime, ref);
    expect(exit).toMatchObject({ exitCode: 0, failure: null, output: { kind: 'none' } });
    expect(exit.finishedAt).toBeInstanceOf(Date);
    expect(exit.startedAt === null || exit.startedAt <= exit.finishedAt).toBe(true);
  });

  test('an exit code other than 0 is the fault of the program, and is kept', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const { exit } = await ended(runtime, await ensured(runtime, launch([{ kind: 'exit', code: 7 }])));
    expect(exit.exitCode).toBe(7);
    expect(exit.failure).toMatchObject({ category: 'user_error', reason: 'exit_code' });
    expect(exit.failure?.hint).not.toBe('');
  });

  test('death by a signal that nobody here sent is a failure', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const { exit } = await ended(runtime, await ensured(runtime, launch([{ kind: 'dieBySignal' }])));
    expect([null, 137]).toContain(exit.exitCode);
    expect(['signal', 'killed_without_cause', 'oom_killed']).toContain(exit.failure?.reason);
  });

  test('a command that does not exist is told as such', async () => {
    const { start, launch, observed } = get();
    const { runtime } = await start();
    const made = launch([], { command: ['/nonexistent/program'] });
    const outcome = await runtime.ensure(made, unguarded);
    const reasonOf = async (): Promise<string | null> => {
      if (outcome.kind === 'refused') return outcome.failure.reason;
      if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
      const ref = { ...made, object: outcome.object };
      const seen = await observed(runtime, ref, ({ kind }) => kind === 'ended' || kind === 'refused');
      if (seen.kind === 'ended') return seen.exit.failure?.reason ?? null;
      return seen.kind === 'refused' ? seen.failure.reason : null;
    };
    expect(await reasonOf()).toBe('command_not_found');
  });

  test('a program that runs is seen running, and onChange says when to look', async () => {
    const { start, launch, ensured, observed, until } = get();
    const { runtime, changed } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'waitForStop' }]));
    const seen = await observed(runtime, ref, ({ kind }) => kind === 'running');
    expect(seen.kind === 'running' && seen.startedAt).toBeInstanceOf(Date);
    await until('a change to be reported', async () => (changed.includes(ref.attemptId) ? true : null));
    const reported = changed.length;
    await runtime.stop(ref, 0);
    await until('the end to be reported', async () =>
      changed.slice(reported).includes(ref.attemptId) ? true : null,
    );
  });
};
