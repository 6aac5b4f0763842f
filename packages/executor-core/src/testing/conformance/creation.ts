import { expect, test } from 'vitest';
import { objectName } from '@job-orchestrator/types';
import { unguarded } from '../build-launch.ts';
import type { Subject } from './subject.ts';

/** `ensure` creates an attempt's object once, however often and from wherever it is called. */
export const creationTests = (get: () => Subject): void => {
  test('ensure creates the object under its deterministic name, and finds it the next time', async () => {
    const { start, launch, ended } = get();
    const { runtime } = await start();
    const made = launch([{ kind: 'exit', code: 0 }]);
    const first = await runtime.ensure(made, unguarded);
    expect(first.kind).toBe('created');
    const again = await runtime.ensure(made, unguarded);
    expect(again.kind).toBe('exists');
    if (first.kind !== 'created' || again.kind !== 'exists') return;
    expect(again.object).toEqual(first.object);
    expect(first.object.name).toBe(objectName(made.installation, made.jobId, made.attemptNumber));
    await ended(runtime, { ...made, object: first.object });
    expect(await runtime.ensure(made, unguarded)).toEqual({ kind: 'exists', object: first.object });
  });

  test('racing calls of ensure, in one instance and in two, create one object', async () => {
    const { start, launch, ended, log } = get();
    const [one, two] = [await start(), await start()];
    const made = launch([
      { kind: 'print', text: 'ran' },
      { kind: 'exit', code: 0 },
    ]);
    const outcomes = await Promise.all(
      [one, one, two, two].map(({ runtime }) => runtime.ensure(made, unguarded)),
    );
    const kinds = outcomes.map((outcome) => outcome.kind).toSorted();
    expect(kinds).toEqual(['created', 'exists', 'exists', 'exists']);
    const uids = new Set(outcomes.map((outcome) => ('object' in outcome ? outcome.object.uid : null)));
    expect(uids.size).toBe(1);
    const ref = await get().ensured(one.runtime, made);
    await ended(one.runtime, ref);
    expect(await log(one.runtime, ref)).toBe('ran\n');
  });

  test('attempts of one job are objects of their own', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const first = launch([{ kind: 'exit', code: 3 }]);
    const second = { ...first, attemptId: launch([]).attemptId, attemptNumber: 2 };
    const [one, two] = [await ensured(runtime, first), await ensured(runtime, second)];
    expect(one.object?.uid).not.toBe(two.object?.uid);
    expect((await ended(runtime, one)).exit.exitCode).toBe(3);
    expect((await ended(runtime, two)).exit.exitCode).toBe(3);
  });

  test('list shows what exists, with ids and numbers', async () => {
    const { start, launch, ensured, until } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, { ...launch([{ kind: 'waitForStop' }]), attemptNumber: 4 });
    const listed = await until('the object in the list', async () => {
      const refs = await runtime.list();
      return refs?.find((each) => each.attemptId === ref.attemptId) ?? null;
    });
    const { installation, jobId, attemptNumber, attemptId, object } = ref;
    expect(listed).toMatchObject({ installation, jobId, attemptNumber, attemptId, object });
    await runtime.stop(ref, 0);
  });
};
