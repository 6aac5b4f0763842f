import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { until, useDev } from './testing/cli.ts';

const dev = useDev(({ client }) =>
  client.applyDag({
    name: 'daily',
    defaults: { image: 'sh' },
    inputs: { day: { type: 'string', format: 'date' } },
    nodes: { a: { run: 'test "$DAY" != 2026-11-02', env: { DAY: '${{ inputs.day }}' } } },
  }),
);
const { jo } = dev;
const day = ['-i', 'day=${{ run.scheduledDay }}'];
const create = (name: string, ...words: string[]) =>
  jo('schedule', 'create', name, '--dag', 'daily', ...words);
/** Times that never come while a test runs are told with the zone of the schedule. */
const local = /^next {2}\d{4}-\d\d-\d\d 02:30 \+0[12]:00$/;

describe('a schedule', () => {
  test('is created, and told with its next times by its own clock', async () => {
    const made = await create('nightly', '--cron', '30 2 * * *', '--time-zone', 'Europe/Berlin', ...day);
    expect([made.code, made.stdout]).toEqual([0, 'schedule/nightly created\n']);
    const next = made.stderr.trimEnd().split('\n');
    expect(next).toHaveLength(5);
    for (const line of next) expect(line).toMatch(local);
    const listed = await jo('schedule', 'list', '--dag', 'daily');
    expect(listed.stdout).toMatch(
      /^NAME +DAG +CRON +TIME ZONE +NEXT .*\nnightly +daily +30 2 \* \* \* +Europe\/Berlin +in \d/,
    );
    expect((await jo('get', 'schedules', '-o', 'name')).stdout).toBe('schedule/nightly\n');
    const twice = await jo('schedule', 'next', 'nightly', '--count', '2');
    expect(
      twice.stdout
        .trimEnd()
        .split('\n')
        .map((time) => `next  ${time}`),
    ).toEqual(next.slice(0, 2));
    const again = await create('nightly', '--cron', '@daily', ...day);
    expect([again.code, again.stderr]).toEqual([6, expect.stringContaining('--replace')]);
  });

  test('is paused and resumed, and says so wherever it is shown', async () => {
    expect(await jo('schedule', 'pause', 'nightly')).toEqual({
      code: 0,
      stdout: 'schedule/nightly is paused\n',
      stderr: '',
    });
    expect((await jo('schedule', 'list')).stdout).toContain(' paused ');
    expect(await jo('schedule', 'next', 'nightly')).toMatchObject({ stdout: '', stderr: 'it is paused\n' });
    const resumed = await jo('schedule', 'resume', 'nightly');
    expect([resumed.code, resumed.stdout]).toEqual([0, 'schedule/nightly goes on\n']);
    expect(resumed.stderr).toMatch(/^next {2}/);
    const story = await jo('describe', 'schedule', 'nightly');
    expect(story.stdout).toMatch(/^nightly {2}runs daily {2}30 2 \* \* \* {2}Europe\/Berlin\n/);
    expect(story.stdout).toContain('next times\n  2');
    expect((await jo('schedule', 'pause', 'nobody')).code).toBe(5);
  });

  test.each([
    [
      'a minute',
      ['--cron', '61 2 * * *', ...day],
      'field 1 (minute) is not understood: 61',
      '    61 2 * * *\n    ^^\n',
    ],
    ['too few fields', ['--cron', '30 2 * *', ...day], 'must have five fields', '^^^^^^^^'],
    ['a day that never comes', ['--cron', '0 0 30 2 *', ...day], 'never comes', '30th of February'],
    ['a word', ['--cron', '0 0 * * MUN', ...day], 'did you mean MON?', '            ^^^'],
    [
      'a time zone',
      ['--cron', '@daily', '--time-zone', 'Berlin', ...day],
      'did you mean Europe/Berlin?',
      '(found: Berlin)',
    ],
    ['an input that is missing', ['--cron', '@daily'], 'inputs.day: is required', 'invalid_input'],
    [
      'a name in an input',
      ['--cron', '@daily', '-i', 'day=${{ run.scheduledDya }}'],
      'scheduledDya does not exist here',
      'may read run.scheduledAt and run.scheduledDay',
    ],
    ['an input of another type', ['--cron', '@daily', '-i', 'day=3'], 'inputs.day: must be', '(found: 3)'],
  ])('with %s that is wrong is not made', async (_what, words, message, more) => {
    const { code, stdout, stderr } = await create('wrong', ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).toContain(more);
  });

  test('with a file of inputs, it shows the line that is refused', async () => {
    await writeFile(dev.path('inputs.json'), '{\n  "day": 3\n}');
    const { stderr } = await create('wrong', '--cron', '@daily', '--inputs-file', dev.path('inputs.json'));
    expect(stderr).toContain('inputs.json:2:10 day: must be a string');
  });

  test('of a DAG that is not there is not made', async () => {
    const { code, stderr } = await jo('schedule', 'create', 'x', '--dag', 'dayly', '--cron', '@daily');
    expect([code, stderr]).toEqual([5, expect.stringContaining('did you mean daily?')]);
  });

  test('next tells the times of an expression without a server', async () => {
    const words = ['--cron', '0 12 * * 1-5', '--time-zone', 'Asia/Tokyo', '--count', '3'];
    const { code, stdout } = await jo('schedule', 'next', ...words);
    expect([code, stdout.match(/ 12:00 \+09:00\n/g)?.length]).toEqual([0, 3]);
    expect((await jo('schedule', 'next', '--cron', '0 12 * *')).code).toBe(2);
    expect((await jo('schedule', 'next')).stderr).toContain('Name a schedule');
  });
});

describe('a backfill', () => {
  const days = ['--from', '2026-11-01', '--to', '2026-11-03'];

  test('is told before it starts, runs its times, and leaves out those that have run', async () => {
    const preview = await jo('dag', 'backfill', 'daily', ...days, '--dry-run');
    expect([preview.code, preview.stdout]).toEqual([0, '']);
    expect(preview.stderr).toBe(
      [
        '3 runs of daily by schedule nightly, at most 1 at once',
        ...['01', '02', '03'].map((date) => `  2026-11-${date} 02:30 +01:00  runs`),
        'nothing was started\n',
      ].join('\n'),
    );
    expect((await jo('get', 'backfills')).stderr).toContain('no backfills');
    const started = await jo('dag', 'backfill', 'daily', ...days, '--max-parallel', '2');
    const id = started.stdout.trim();
    expect(started.stderr).toContain('3 runs of daily by schedule nightly, at most 2 at once');
    await until('its end', async () => (await dev.client.getBackfill(id)).finishedAt !== null);
    const story = await jo('describe', 'backfill', '@latest');
    expect(story.stdout).toContain(`daily by schedule nightly  failed  ${id}`);
    expect(story.stdout).toContain('3 total, 2 completed, 1 failed');
    const again = await jo('dag', 'backfill', 'daily', ...days, '--rerun', 'failed', '--dry-run');
    expect(again.stderr).toMatch(
      /^1 run of daily .*; 2 have a run already\n.* left out: run [0-9a-f]{8} is completed\n/,
    );
    expect(again.stderr).toMatch(/2026-11-02 02:30 \+01:00 {2}runs again: run [0-9a-f]{8} is failed/);
    const none = await jo('dag', 'backfill', 'daily', ...days);
    expect([none.code, none.stdout]).toEqual([0, '']);
    expect(none.stderr).toContain('nothing was started: no time is left to run');
    expect((await jo('backfill', 'cancel', id)).code).toBe(6);
  });

  test.each([
    [
      'days the wrong way round',
      ['--from', '2026-11-03', '--to', '2026-11-01'],
      'to: must not lie before 2026-11-03',
    ],
    [
      'a word for a day',
      ['--from', 'yesterday', '--to', '2026-11-01'],
      'from: must be a day such as 2026-01-31',
    ],
    ['another schedule', [...days, '--schedule', 'nightyl'], 'did you mean nightly?'],
  ])('with %s is refused', async (_what, words, message) => {
    const { code, stderr } = await jo('dag', 'backfill', 'daily', ...words);
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
  });
});

test('a backfill of a DAG that is not there says so, and asks for no schedule of it', async () => {
  const { code, stderr } = await jo('dag', 'backfill', 'dayly', '--from', '2026-11-01', '--to', '2026-11-03');
  expect([code, stderr]).toEqual([5, expect.stringContaining('There is no DAG dayly')]);
  expect(stderr).toContain('did you mean daily?');
});

test('completion knows schedules, backfills and what options name', async () => {
  const completed = async (...words: string[]) => (await jo('__complete', '--', ...words)).stdout;
  expect(await completed('schedule', 'pause', 'n')).toBe('nightly\n');
  expect(await completed('describe', 'schedule', '')).toBe('nightly\n');
  expect(await completed('schedule', 'create', '')).toBe('');
  expect(await completed('describe', 'backfill', '@')).toBe('@latest\n');
  expect(await completed('get', 'runs', '--dag', 'd')).toBe('daily\n');
  expect(await completed('dag', 'backfill', 'daily', '--schedule', '')).toBe('nightly\n');
});
