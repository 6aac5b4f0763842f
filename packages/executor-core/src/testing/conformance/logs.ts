import { expect, test } from 'vitest';
import type { Subject } from './subject.ts';

const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text;
};

/** Logs: a bounded tail at the end. */
export const logTailTests = (get: () => Subject): void => {
  test('logTail gives the end of the log, and no more than it was asked for', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const program = [{ kind: 'printLines', count: 2_000 } as const, { kind: 'exit', code: 0 } as const];
    const ref = await ensured(runtime, launch(program));
    await ended(runtime, ref);
    const tail = await runtime.logTail(ref, 1_000);
    if (!tail) throw new Error('no log');
    expect(tail.bytes.byteLength).toBeLessThanOrEqual(1_000);
    expect(tail.bytes.byteLength).toBeGreaterThan(900);
    expect(tail.totalBytes).toBeGreaterThanOrEqual(tail.bytes.byteLength);
    expect(tail.extent).not.toBe('end_missing');
    expect(new TextDecoder().decode(tail.bytes).endsWith('line 1999\nline 2000\n')).toBe(true);
  });

  test('a program that printed nothing has an empty log or none', async () => {
    const { start, launch, ensured, ended, log } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'exit', code: 0 }]));
    await ended(runtime, ref);
    expect(await log(runtime, ref)).toBe('');
  });
};

/** Logs, live. */
export const followTests = (get: () => Subject): void => {
  test('a follower that opens while the program runs reads from the first line to the end', async () => {
    const { start, launch, ensured, observed } = get();
    const { runtime } = await start();
    const program = [
      { kind: 'print', text: 'first' } as const,
      { kind: 'sleep', seconds: 1 } as const,
      { kind: 'print', text: 'last' } as const,
      { kind: 'exit', code: 0 } as const,
    ];
    const ref = await ensured(runtime, launch(program));
    await observed(runtime, ref, ({ kind }) => kind === 'running' || kind === 'ended');
    const signal = new AbortController().signal;
    const chunks = await runtime.open(ref, { follow: true, fromByte: 0, signal });
    if (!chunks) throw new Error('no log');
    const reading = textOf(chunks);
    await observed(runtime, ref, ({ kind }) => kind === 'ended');
    expect(await reading).toBe('first\nlast\n');
  });

  test('a reader may skip what it has already, and need not follow', async () => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const ref = await ensured(
      runtime,
      launch([
        { kind: 'print', text: 'first' },
        { kind: 'print', text: 'last' },
        { kind: 'exit', code: 0 },
      ]),
    );
    await ended(runtime, ref);
    const signal = new AbortController().signal;
    const chunks = await runtime.open(ref, { follow: false, fromByte: 'first\n'.length, signal });
    if (!chunks) throw new Error('no log');
    expect(await textOf(chunks)).toBe('last\n');
  });

  test('a follower that is called off ends', async () => {
    const { start, launch, ensured, observed, until } = get();
    const { runtime } = await start();
    const ref = await ensured(runtime, launch([{ kind: 'print', text: 'first' }, { kind: 'waitForStop' }]));
    await observed(runtime, ref, ({ kind }) => kind === 'running');
    const callOff = new AbortController();
    const chunks = await runtime.open(ref, { follow: true, fromByte: 0, signal: callOff.signal });
    if (!chunks) throw new Error('no log');
    let over = false;
    const reading = textOf(chunks)
      .catch(() => '')
      .finally(() => (over = true));
    callOff.abort();
    await until('the follower to end', async () => (over ? true : null));
    expect('first\n'.startsWith(await reading)).toBe(true);
    await runtime.stop(ref, 0);
  });
};
