import {
  checkJson,
  limits,
  textProblem,
  type ExpressionScope,
  type JsonValue,
} from '@job-orchestrator/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate, renderText, renderValue, type Evaluated } from './evaluate.ts';

const scope: ExpressionScope = {
  inputs: { day: '2026-01-31', count: 3, ratio: 1, whole: 1.5, list: ['a', 'b'], nested: { deep: [1, 2] } },
  nodes: {
    extract: { state: 'completed', outputs: { parts: [{ id: 1 }, { id: 2 }], 'odd-key': true } },
    'load-all': { state: 'failed', outputs: {} },
    fan: { state: 'completed', outputs: [{ n: 1 }, null, { n: 3 }] },
  },
  run: {
    id: '01900000-0000-7000-8000-000000000000',
    dag: 'nightly',
    version: 3,
    createdAt: '2026-01-31T08:00:00.000Z',
    createdBy: 'ada',
    scheduledAt: null,
    state: null,
  },
  item: { name: 'north', size: 7 },
};

const valueOf = <Value>(result: Evaluated<Value>): Value => {
  if (!result.ok) throw new Error(`${result.problem.field}: ${result.problem.message}`);
  return result.value;
};
const problemOf = (source: string, in_ = scope): string => {
  const result = evaluate(source, in_, 'nodes.x.when');
  if (result.ok) throw new Error(`gave ${JSON.stringify(result.value)}`);
  expect(result.problem.field).toBe('nodes.x.when');
  return result.problem.message;
};

describe('an expression gives', () => {
  test.each<[string, JsonValue]>([
    ['inputs.day', '2026-01-31'],
    ['inputs.count + 1', 4],
    ['inputs.count / 2', 1],
    ['inputs.whole * 2', 3],
    ['inputs.count * 1.5', 4.5],
    ['inputs.ratio * 2.5', 2.5],
    ['nodes.extract.outputs.parts.map(p, p.id)', [1, 2]],
    ['nodes.extract.outputs["odd-key"]', true],
    ['nodes["load-all"].state == "failed"', true],
    ['nodes.extract.state in ["completed", "skipped"]', true],
    ['has(nodes["load-all"].outputs.rows) ? 1 : 0', 0],
    ['nodes.fan.outputs.filter(o, o != null).map(o, o.n)', [1, 3]],
    ['item.size > 5 && item.name.startsWith("n")', true],
    ['inputs.list.join(",")', 'a,b'],
    ['"a-b".split("-")', ['a', 'b']],
    ['size(inputs.list)', 2],
    ['{"k": inputs.count, "l": [1.0]}', { k: 3, l: [1] }],
    ['run.version', 3],
    ['run.scheduledAt == null', true],
    ['string(timestamp(run.createdAt) + duration("24h"))', '2026-02-01T08:00:00Z'],
    ['inputs.day.matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")', true],
  ])('%s → %j', (source, value) => expect(valueOf(evaluate(source, scope, 'x'))).toEqual(value));

  test('whatever JSON holds, unchanged', () => {
    const json = fc.jsonValue().filter((value) => checkJson(value).length === 0);
    fc.assert(
      fc.property(json, (value) => {
        const safe = JSON.parse(JSON.stringify(value)) as JsonValue;
        expect(valueOf(evaluate('inputs.v', { ...scope, inputs: { v: safe } }, 'x'))).toEqual(safe);
      }),
    );
  });

  test('lists of the most items that forEach takes', () => {
    const many = { ...scope, inputs: { xs: Array.from({ length: limits.dag.forEachItems }, (_, n) => n) } };
    const doubled = valueOf(evaluate('inputs.xs.map(x, x * 2)', many, 'x')) as number[];
    expect(doubled).toHaveLength(limits.dag.forEachItems);
    expect(doubled.at(-1)).toBe(2 * (limits.dag.forEachItems - 1));
  });
});

describe('what goes wrong is told with its place:', () => {
  test.each([
    ['inputs.missing', 'missing does not exist here', 'character 7'],
    ['nodes["load-all"].outputs.rows', 'rows does not exist here', 'has('],
    ['inputs.day * 2', '* does not take text and a whole number', 'character 12'],
    ['inputs.day.size2()', 'size2', 'character'],
    ['1 / 0', 'divi', 'character'],
    ['inputs.list[5]', '5', 'character'],
    ['9223372036854775807', 'JSON cannot carry', ''],
    ['timestamp(run.createdAt)', 'string(…)', ''],
    ['{1: 2}', 'keys are not text', ''],
    ['1 +', 'not a valid CEL expression', ''],
  ])('%s', (source, ...words) => {
    for (const word of words) expect(problemOf(source)).toContain(word);
  });
});

describe('an expression is bounded', () => {
  const big: ExpressionScope = {
    ...scope,
    inputs: { xs: Array.from({ length: 1_000 }, () => 1), text: 'x'.repeat(100_000) },
  };
  test.each([
    ['nested loops', 'inputs.xs.map(a, inputs.xs.map(b, inputs.xs.map(c, 1)))', 'steps'],
    ['loops without calls', 'inputs.xs.all(a, inputs.xs.all(b, inputs.xs.all(c, true)))', 'steps'],
    ['replacements that multiply', 'inputs.text.replace("x", inputs.text)', 'steps'],
    ['joins that multiply', 'inputs.xs.map(x, "a").join(inputs.text)', 'steps'],
    ['comparisons of lists in loops', 'inputs.xs.map(a, inputs.xs == inputs.xs)', 'steps'],
    ['comparisons of what is nested, in loops', 'inputs.xs.map(a, [inputs.xs] == [inputs.xs])', 'steps'],
    ['looks for what is nested, in loops', 'inputs.xs.map(a, inputs.xs in [inputs.xs])', 'steps'],
    ['texts made of lists in loops', 'inputs.xs.map(a, "%s".format([inputs.xs]))', 'steps'],
    ['copies of texts in loops, by format', 'inputs.xs.map(a, "%s".format([inputs.text]))', 'steps'],
    ['copies of texts in loops, by join', 'inputs.xs.map(a, [inputs.text].join(""))', 'steps'],
    ['large results', 'inputs.xs.map(x, inputs.text)', 'bytes'],
    ['a source of 5 KiB', `1${' '.repeat(5_000)}+ 1`, '4096'],
    ['brackets', `${'('.repeat(40)}1${')'.repeat(40)}`, '32 levels'],
    ['brackets in thousands', `${'['.repeat(2_000)}${']'.repeat(2_000)}`, '32 levels'],
    ['chains', `1${'+1'.repeat(1_000)}`, '256'],
    ['ternaries', `${'true?1:'.repeat(500)}1`, '32 levels'],
    ['selections', `inputs${'.a'.repeat(1_500)}`, '256'],
  ])('%s', (_name, source, words) => expect(problemOf(source, big)).toContain(words));

  test('regular expressions take linear time', () => {
    expect(
      valueOf(
        evaluate(
          '("a".replace("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") + "!").matches("(a+)+$")',
          scope,
          'x',
        ),
      ),
    ).toBe(false);
  });
});

test('outputs that are too large are not read, and the message says whose; the state of the node can be', () => {
  const large = { state: 'completed', outputs: [], outputsBytes: 99_000_000 } as const;
  const of = (source: string) => evaluate(source, { ...scope, nodes: { ...scope.nodes, large } }, 'x');
  expect(of('nodes.large.state')).toEqual({ ok: true, value: 'completed' });
  expect(of('size(nodes.fan.outputs)')).toEqual({ ok: true, value: 3 });
  expect(of('1 + size(nodes.large.outputs)')).toMatchObject({
    ok: false,
    problem: {
      message: `cannot be evaluated: reads the outputs of large, which are 99000000 bytes; at most ${limits.dag.readBytes} can be read (character 10)`,
    },
  });
});

describe('text that cannot be stored', () => {
  const emoji = { ...scope, inputs: { text: '\u{1F600}!' } };
  const problem = (source: string): string => {
    const result = evaluate(source, emoji, 'x');
    return result.ok ? '' : result.problem.message;
  };
  test.each([
    ['"a\\u0000"', 'NUL'],
    ['{"a\\u0000": 1}', 'NUL'],
    ['[inputs.text.substring(0, 1)]', 'lone surrogate'],
    ['{inputs.text.charAt(0): 1}', 'lone surrogate'],
  ])('is no value of an expression: %s', (source, words) => expect(problem(source)).toContain(words));

  test.each(['int("a\\u0000")', '{"a": 1}[inputs.text.charAt(0) + "\\u0000"]', 'int(inputs.text.charAt(0))'])(
    'is not quoted as it is: %s',
    (source) => expect(textProblem(problem(source))).toBeNull(),
  );

  test('and a text of any length is quoted in part', () => {
    const long = { ...scope, inputs: { text: 'x'.repeat(10_000) } };
    const result = evaluate('{"a": 1}[inputs.text]', long, 'x');
    expect(result.ok ? 0 : result.problem.message.length).toBeLessThan(400);
  });
});

describe('a template', () => {
  const text = (template: string): string => valueOf(renderText(template, scope, 'nodes.x.args[0]'));
  test.each([
    ['plain', 'plain'],
    ['--day=${{ inputs.day }}', '--day=2026-01-31'],
    ['${{inputs.count}}/${{ size(inputs.list) }}', '3/2'],
    ['${{ inputs.nested }}', '{"deep":[1,2]}'],
    ['${{ run.scheduledAt }}', ''],
    ['${{ {"a": "}}"} }}', '{"a":"}}"}'],
    ['$${{ inputs.day }}', '${{ inputs.day }}'],
    ['$HOME ${HOME} {{ x }}', '$HOME ${HOME} {{ x }}'],
  ])('%s gives %s', (template, expected) => expect(text(template)).toBe(expected));

  test('that is one expression keeps the type of its value, anywhere in JSON', () => {
    const inputs = {
      n: '${{ inputs.count }}',
      list: ['${{ item }}', 'no. ${{ item.size }}'],
      fixed: [1, null],
    };
    expect(valueOf(renderValue(inputs, scope, 'x'))).toEqual({
      n: 3,
      list: [{ name: 'north', size: 7 }, 'no. 7'],
      fixed: [1, null],
    });
  });

  test('of many expressions gives no more than one value may hold, however often they read the same', () => {
    const large = { ...scope, inputs: { text: 'x'.repeat(200_000) } };
    const of = (count: number) =>
      renderValue(Array(count).fill('${{ inputs.text }}'), large, 'nodes.x.forEach');
    expect(of(5).ok).toBe(true);
    expect(of(6)).toMatchObject({
      problem: { field: 'nodes.x.forEach[5]', limit: limits.dag.valueBytes },
    });
  });

  test('names the place inside of JSON that failed', () => {
    const result = renderValue({ a: [1, '${{ inputs.nope }}'] }, scope, 'nodes.x.inputs');
    expect(result).toMatchObject({
      ok: false,
      problem: { field: 'nodes.x.inputs.a[1]', value: 'inputs.nope' },
    });
  });

  test('results are data: what looks like an expression in a value is not evaluated again', () => {
    const evil = { ...scope, inputs: { day: '${{ run.id }}' } };
    expect(valueOf(renderText('${{ inputs.day }}', evil, 'x'))).toBe('${{ run.id }}');
  });
});
