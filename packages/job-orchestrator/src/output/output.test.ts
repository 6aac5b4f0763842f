import fc from 'fast-check';
import { errorCatalogue, invalidInput, OrchestratorError, type ErrorCode } from '@job-orchestrator/types';
import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { errorJson, errorText } from './error-text.ts';
import { exitCodeOfError, exitCodeOfProgram, exitCodeOfStates } from './exit-codes.ts';
import { createSanitizer, safeJson, safeLine, safeText } from './sanitize.ts';
import { renderTable, type Column } from './table.ts';
import { styleOf } from './terminal.ts';
import { between, durationText, parseDuration } from './times.ts';
import { labelled, wrapText } from './wrap.ts';

const tty = { isTTY: true, columns: 100 };
const pipe = { isTTY: false, columns: null };

describe('colour', () => {
  test.each([
    ['a terminal has colours', tty, {}, true],
    ['a pipe has none', pipe, {}, false],
    ['NO_COLOR takes them away', tty, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR does not', tty, { NO_COLOR: '' }, true],
    ['a dumb terminal has none', tty, { TERM: 'dumb' }, false],
    ['FORCE_COLOR gives them to a pipe', pipe, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0 takes them away', tty, { FORCE_COLOR: '0' }, false],
    ['FORCE_COLOR wins over NO_COLOR', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  ])('%s', (_name, facts, environment, colour) => {
    expect(styleOf(facts, environment).colour).toBe(colour);
  });
});

describe('width', () => {
  test('is the terminal’s, or what COLUMNS asks for; a pipe has none', () => {
    expect(styleOf(tty, {}).columns).toBe(100);
    expect(styleOf(pipe, {}).columns).toBe(Infinity);
    expect(styleOf(pipe, { COLUMNS: '60' }).columns).toBe(60);
    expect(styleOf(tty, { COLUMNS: 'wide' }).columns).toBe(100);
    expect(styleOf(tty, { COLUMNS: '3' }).columns).toBe(20);
  });
});

describe('untrusted text', () => {
  test.each([
    ['a colour', '\u001b[31mred\u001b[0m', 'red'],
    ['cursor movement', 'a\u001b[2J\u001b[Hb', 'ab'],
    ['a window title', '\u001b]0;owned\u0007text', 'text'],
    ['a link', '\u001b]8;;https://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
    ['a device control string', '\u001bPq#0\u001b\\x', 'x'],
    ['C1 forms', '\u009b31mred\u009d0;t\u009cx', 'redx'],
    ['an overwritten line', 'safe\revil', 'safe\nevil'],
    ['turned writing', 'abc\u202edef\u2066', 'abcdef'],
    ['bells and deletes', 'a\u0007\u007fb\u0000', 'ab'],
    ['an escape alone', 'a\u001b', 'a'],
  ])('%s is taken out', (_name, text, clean) => expect(safeText(text)).toBe(clean));

  test('lines and tabs stay; on one line they become blanks', () => {
    expect(safeText('a\tb\r\nc')).toBe('a\tb\nc');
    expect(safeLine('a\tb\r\nc')).toBe('a b c');
  });

  test('where colours may stay, nothing else does', () => {
    const sanitizer = createSanitizer(true);
    expect(sanitizer.push('\u001b[1;31mred\u001b[2Jx') + sanitizer.end()).toBe('\u001b[1;31mredx\u001b[0m');
  });

  test('a text cleaned in any chunks is the text cleaned at once', () => {
    const piece = fc.constantFrom(
      'a',
      '\n',
      '\r',
      '\u001b',
      '[',
      '31m',
      ']',
      '0;t',
      '\u0007',
      '\\',
      '\u009b',
      'é',
    );
    fc.assert(
      fc.property(fc.array(fc.array(piece), { maxLength: 6 }), (chunks) => {
        const texts = chunks.map((chunk) => chunk.join(''));
        const sanitizer = createSanitizer(false);
        const parts = texts.map((text) => sanitizer.push(text)).join('') + sanitizer.end();
        expect(parts).toBe(safeText(texts.join('')));
      }),
    );
  });

  test('nothing that a terminal obeys survives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(safeText(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
    );
  });

  test('an unfinished sequence does not hold back text for ever', () => {
    const sanitizer = createSanitizer(false);
    expect(sanitizer.push(`\u001b]0;${'x'.repeat(5_000)}`)).toContain('xxxx');
  });

  test('JSON is escaped, not changed', () => {
    const value = { a: 'x\u009b\u202ey' };
    expect(safeJson(value)).not.toMatch(/[\u007f-\u009f\u202e]/);
    expect(JSON.parse(safeJson(value))).toEqual(value);
  });
});

interface Row {
  readonly id: string;
  readonly text: string;
}
const columns: readonly Column<Row>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'NOTE', value: () => 'sometimes', drop: 1 },
  { header: 'TEXT', value: ({ text }) => text },
];

describe('a table', () => {
  const rows = [
    { id: '12345678', text: 'short' },
    { id: '87654321', text: 'a rather long text that needs some room to be shown' },
  ];

  test('is as wide as its content where nobody limits it', () => {
    expect(renderTable(columns, rows, Infinity)).toBe(
      [
        'ID        NOTE       TEXT',
        '12345678  sometimes  short',
        '87654321  sometimes  a rather long text that needs some room to be shown',
        '',
      ].join('\n'),
    );
  });

  test('drops what may be dropped, then cuts what is widest', () => {
    const lines = renderTable(columns, rows, 40).split('\n');
    expect(lines[0]).toBe('ID        TEXT');
    expect(lines[2]).toMatch(/^87654321 {2}a rather long .*…$/);
  });

  test.each([40, 60, 80])('fits into %i columns, whatever it holds', (width) => {
    const text = fc.string({ unit: 'grapheme-ascii', maxLength: 200 });
    fc.assert(
      fc.property(fc.array(fc.record({ id: text, text }), { minLength: 1, maxLength: 4 }), (some) => {
        for (const line of renderTable(columns, some, width).split('\n'))
          expect(line.length).toBeLessThanOrEqual(width);
      }),
      { numRuns: 30 },
    );
  });

  test('keeps one line per row and no foreign sequence', () => {
    const table = renderTable(columns, [{ id: 'a\u001b[2Jb', text: 'one\ntwo' }], Infinity);
    expect(table).toBe('ID  NOTE       TEXT\nab  sometimes  one two\n');
  });
});

describe('wrapping', () => {
  test('breaks at blanks and indents under the label', () => {
    expect(labelled('Why', 'the quick brown fox jumps', 5, 21)).toEqual([
      'Why  the quick brown',
      '     fox jumps',
    ]);
  });
  test('no line is too long and no word is lost', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 30 })),
        (words) => {
          const lines = wrapText(words.join(' '), 12);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(12);
          expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''));
        },
      ),
    );
  });
});

describe('times', () => {
  test.each([
    [0, '0ms'],
    [999, '999ms'],
    [1_290, '1.2s'],
    [59_999, '59s'],
    [65_000, '1m05s'],
    [7_380_000, '2h03m'],
    [273_600_000, '3d4h'],
    [-5, '0ms'],
  ])('%i ms is %s', (ms, text) => expect(durationText(ms)).toBe(text));

  test.each([
    ['90', 90_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['soon', null],
    ['-1s', null],
    ['', null],
  ])('%s is read as %s', (text, ms) => expect(parseDuration(text)).toBe(ms));

  test('what has not begun has no length', () => expect(between(null, null, new Date())).toBe('–'));
});

describe('exit codes', () => {
  const known = new Set([1, 2, 4, 5, 6]);
  test('every error of the catalogue has one', () => {
    for (const code of Object.keys(errorCatalogue))
      expect(known).toContain(exitCodeOfError(code as ErrorCode));
  });
  test.each<[ErrorCode, number]>([
    ['unauthorized', 4],
    ['job_not_found', 5],
    ['image_not_found', 5],
    ['job_ambiguous', 6],
    ['retry_not_ended', 6],
    ['invalid_input', 2],
    ['server_unreachable', 1],
  ])('%s is %i', (code, exit) => expect(exitCodeOfError(code)).toBe(exit));

  test('of many jobs a failure speaks loudest', () => {
    expect(exitCodeOfStates(['completed', 'completed'])).toBe(0);
    expect(exitCodeOfStates(['completed', 'running'])).toBe(8);
    expect(exitCodeOfStates(['cancelled', 'running'])).toBe(7);
    expect(exitCodeOfStates(['cancelled', 'failed', 'running'])).toBe(3);
  });

  test('a program’s own code is passed on, and 125 where it would hide a failure', () => {
    expect(exitCodeOfProgram('completed', 0)).toBe(0);
    expect(exitCodeOfProgram('failed', 42)).toBe(42);
    expect(exitCodeOfProgram('failed', 0)).toBe(125);
    expect(exitCodeOfProgram('failed', null)).toBe(125);
    expect(exitCodeOfProgram('cancelled', 143)).toBe(143);
  });
});

describe('an error', () => {
  const error = new OrchestratorError('invalid_input', 'one job is wrong', [
    { field: 'jobs[0].priority', message: 'is out of range', limit: 1000, value: '\u001b[2J2000' },
  ]);
  const textOf = (one: OrchestratorError): string => errorText(one, Infinity, createColors(false));
  test('says what, where and the limit; no hint that says only that it does', () => {
    expect(textOf(error)).toBe(
      [
        'error: The input breaks a rule. (invalid_input)',
        '  one job is wrong',
        '  jobs[0].priority: is out of range (allowed: 1000; found: 2000)',
      ].join('\n'),
    );
  });
  test('says what to do', () => {
    expect(textOf(new OrchestratorError('server_unreachable', 'nobody is there'))).toMatch(
      /\nhint: Start one with/,
    );
  });
  test('shows an empty value, and no limit that its message has', () => {
    const wrong = { field: 'name', message: 'must be at most 63 characters', limit: 63, value: '' };
    expect(textOf(invalidInput([wrong]))).toContain('  name: must be at most 63 characters (found: "")');
  });
  test.each([
    ['blanks', '  ', '"  "'],
    ['a colour', '\u001b[31m', '"\\u001b[31m"'],
  ])('shows %s, of which nothing would be seen, in quotes', (_name, value, shown) => {
    const wrong = { field: 'name', message: 'is wrong', limit: 1, value };
    expect(textOf(invalidInput([wrong]))).toContain(`  name: is wrong (allowed: 1; found: ${shown})`);
  });
  const lines = (one: OrchestratorError): string[] =>
    textOf(one)
      .split('\n')
      .slice(1)
      .filter((line) => !line.startsWith('hint: '));
  test('does not say its problems twice', () => {
    const first = { field: 'name', message: 'is wrong', limit: 'a-z', value: 'A' };
    const second = { field: 'topic', message: 'is wrong' };
    expect(lines(invalidInput([first]))).toEqual(['  name: is wrong (allowed: a-z; found: A)']);
    expect(lines(invalidInput([first, second]))).toEqual([
      '  name: is wrong (allowed: a-z; found: A)',
      '  topic: is wrong',
    ]);
  });
  test('keeps a detail that says more than its problem', () => {
    const problem = { field: 'image', message: 'is disabled' };
    const said = 'image is disabled; run: job-orchestrator image enable hello';
    expect(lines(new OrchestratorError('image_disabled', said, [problem]))[0]).toBe(`  ${said}`);
  });
  test('for machines it is problem details', () => {
    expect(JSON.parse(errorJson(error))).toMatchObject({ status: 422, code: 'invalid_input' });
  });
});
