import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram, type Act } from './program.ts';

/** The command line with actions that only note what they were called with. */
const parse = async (...words: string[]): Promise<unknown[]> => {
  let called: unknown[] = [];
  const act: Act =
    () =>
    async (...args) => {
      called = args.slice(0, -1);
    };
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
    command.commands.forEach(quiet);
  };
  const program = createProgram(act);
  quiet(program);
  await program.parseAsync(words, { from: 'user' });
  return called;
};

test('what stands after -- is the command of the job, options and all', async () => {
  const [image, command, options] = await parse(
    'run',
    'hello',
    '-o',
    'json',
    '--',
    'echo',
    '-o',
    'x',
    '--',
    '--help',
  );
  expect(image).toBe('hello');
  expect(command).toEqual(['echo', '-o', 'x', '--', '--help']);
  expect(options).toMatchObject({ format: 'json', exitStatus: 'program' });
});

test('repeated options are collected in order', async () => {
  const [, , options] = await parse('run', '-e', 'A=1', '-e', 'B=2', 'hello', '-l', 'x=y');
  expect(options).toMatchObject({ env: ['A=1', 'B=2'], label: ['x=y'] });
});

test('values are checked and turned into what they mean', async () => {
  expect((await parse('get', 'jobs', '-s', 'running,failed'))[1]).toMatchObject({
    state: ['running', 'failed'],
  });
  expect((await parse('submit', '-f', 'x', '--timeout', '1m30s'))[0]).toMatchObject({ timeout: 90_000 });
  expect((await parse('topic', 'limit', 'etl', 'none'))[1]).toBeNull();
  expect((await parse('topic', 'limit', 'etl', '5'))[1]).toBe(5);
  expect((await parse('logs', '@latest', '--tail', '64k'))[1]).toMatchObject({ tail: 65_536 });
});

test.each([
  [['run', 'hello', '--prioritty', '3'], /Did you mean --priority/],
  [['get', 'jbos'], /Did you mean jobs/],
  [['lgos', 'x'], /Did you mean logs/],
  [['get', 'jobs', '-o', 'xml'], /Allowed choices are table, json, yaml, name/],
  [['get', 'jobs', '-s', 'runing'], /Allowed are scheduled, pending/],
  [['run', 'hello', '--priority', '9999'], /from -1000 to 1000/],
  [['submit'], /required option '-f, --file <path>'/],
  [['logs'], /missing required argument 'job'/],
  [['topic', 'limit', 'etl', 'many'], /whole numbers from 1 to 100000, or none/],
  [['dev', '--port', '70000'], /from 0 to 65535/],
])('%j is refused with a hint', async (words, message) => {
  await expect(parse(...words)).rejects.toThrow(message);
});

test('every command and every argument is described', () => {
  const undescribed: string[] = [];
  const walk = (command: Command): void => {
    if (command.name() !== '__complete' && command.description() === '') undescribed.push(command.name());
    command.commands.forEach(walk);
  };
  walk(createProgram(() => async () => undefined));
  expect(undescribed).toEqual([]);
});
