import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Program } from '../programs.ts';
import type { Subject } from './subject.ts';

/** What a program is given, and what it gives back. */
export const givingTests = (get: () => Subject): void => {
  test('env and args reach the program literally, with $(VAR) unexpanded', async () => {
    const { start, launch, ensured, ended, log } = get();
    const { runtime } = await start();
    const env = { WHO: 'world', GREETING: 'hello $(WHO) $WHO "quoted"', ODD: "it's $$(WHO)" };
    const made = launch(
      [
        { kind: 'printEnv', name: 'GREETING' },
        { kind: 'printEnv', name: 'ODD' },
        { kind: 'printArg' },
        { kind: 'exit', code: 0 },
      ],
      { env, args: ['$(WHO) and $WHO'] },
    );
    const ref = await ensured(runtime, made);
    await ended(runtime, ref);
    expect(await log(runtime, ref)).toBe(`${env.GREETING}\n${env.ODD}\n$(WHO) and $WHO\n`);
  });

  test('inputs reach the program as JSON', async (context) => {
    const { harness, start, launch, ensured, ended, log } = get();
    if (!harness.capabilities.inputs) context.skip();
    const { runtime } = await start();
    const inputs = { chunk: 3, text: 'ünï $(NOT) "q"', nested: { list: [1, null, true] } };
    const ref = await ensured(
      runtime,
      launch([{ kind: 'printInputs' }, { kind: 'exit', code: 0 }], { inputs }),
    );
    await ended(runtime, ref);
    expect(JSON.parse(await log(runtime, ref))).toEqual(inputs);
  });

  const outputOf = async (program: Program) => {
    const { start, launch, ensured, ended } = get();
    const { runtime } = await start();
    const { exit } = await ended(runtime, await ensured(runtime, launch(program, { output: true })));
    return exit;
  };

  test('an output is delivered with its size and digest', async (context) => {
    if (!get().harness.capabilities.outputs) context.skip();
    const text = '{"words": 12, "top": ["a", "ö"]}';
    const exit = await outputOf([
      { kind: 'writeOutput', text },
      { kind: 'exit', code: 0 },
    ]);
    const digest = createHash('sha256').update(text).digest('hex');
    expect(exit.failure).toBeNull();
    expect(exit.output).toEqual({
      kind: 'ready',
      result: { text, bytes: Buffer.byteLength(text), digest },
      files: [],
    });
  });

  test('an output that is not JSON is invalid and says so', async (context) => {
    if (!get().harness.capabilities.outputs) context.skip();
    const exit = await outputOf([
      { kind: 'writeOutput', text: 'words: 12' },
      { kind: 'exit', code: 0 },
    ]);
    expect(exit.exitCode).toBe(0);
    expect(exit.output.kind).toBe('invalid');
  });

  test('a declared output that was not written is none', async (context) => {
    if (!get().harness.capabilities.outputs) context.skip();
    const exit = await outputOf([{ kind: 'exit', code: 0 }]);
    expect(exit).toMatchObject({ exitCode: 0, failure: null, output: { kind: 'none' } });
  });
};
