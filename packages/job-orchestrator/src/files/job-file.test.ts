import { isOrchestratorError, type Problem } from '@job-orchestrator/types';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseJobFile, readJobFile } from './job-file.ts';

const parseFile = (text: string) => parseJobFile('jobs.yaml', Buffer.from(text));
const parse = (text: string) => parseFile(text).jobs;

const problemsOf = (text: string | Uint8Array): readonly Problem[] => {
  try {
    parseJobFile('jobs.yaml', Buffer.from(text as string));
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'invalid_input') return error.problems;
    throw error;
  }
  return [];
};

describe('a file may hold', () => {
  test('one job', () => expect(parse('image: hello\ncommand: [echo, hi]')).toHaveLength(1));
  test('a list of jobs', () =>
    expect(parse('- image: a\n- image: b').map(({ image }) => image)).toEqual(['a', 'b']));
  test('jobs under a key', () => expect(parse('jobs:\n  - image: a\n  - image: b')).toHaveLength(2));
  test('JSON', () =>
    expect(parse('{"jobs": [{"image": "a", "env": {"K": "v"}}]}')[0]?.env).toEqual({ K: 'v' }));
  test('several documents, some of them empty', () => {
    expect(parse('image: a\n---\n# nothing\n---\n- image: b\n- image: c').map(({ image }) => image)).toEqual([
      'a',
      'b',
      'c',
    ]);
  });
  test('aliases of its own parts', () => {
    expect(parse('- &base { image: a, env: { K: v } }\n- *base')).toHaveLength(2);
  });
});

describe('a fault is told with file, line and column:', () => {
  test.each<[string, string, string, string]>([
    ['a DAG', 'name: d\nnodes:\n  a: { image: a }', 'jobs.yaml:2:1 nodes', 'dag apply -f jobs.yaml'],
    ['an unknown field', 'image: a\npriorty: 3', 'jobs.yaml:2:1 priorty', 'did you mean priority?'],
    [
      'a wrong value',
      '- image: a\n- image: b\n  priority: 5000',
      'jobs.yaml:3:3 jobs[1].priority',
      'at most 1000',
    ],
    ['a missing field', 'jobs:\n  - image: a\n  - name: b', 'jobs.yaml:3:5 jobs[1].image', 'is required'],
    ['a wrong type', 'image: a\ncommand: echo hi', 'jobs.yaml:2:1 command', 'must be a list'],
    ['a field of a later document', 'image: a\n---\nimage: B', 'jobs.yaml:3:1 image', 'lower-case'],
    ['broken YAML', 'image: a\nbad: [', 'jobs.yaml:2:7', 'flow sequence'],
    ['a key that stands twice', 'image: a\nimage: b', 'jobs.yaml:2:1', 'unique'],
    ['a tag', 'image: !!js/function "x"', 'jobs.yaml:1:', 'tag'],
    ['an environment of ours', 'image: a\nenv:\n  JOB_ORCHESTRATOR_X: "1"', 'jobs.yaml:3:3 env.', 'reserved'],
  ])('%s', (_name, text, place, message) => {
    const problem = problemsOf(text)[0];
    expect(problem?.field).toContain(place);
    expect(problem?.message.toLowerCase()).toContain(message.toLowerCase());
  });

  test.each<[string, string, string, string]>([
    ['a list', '- image: a\n- image: b', 'jobs[1].image', 'jobs.yaml:2:3 jobs[1].image'],
    ['a later document', 'image: a\n---\nimage: b', 'jobs[1].image', 'jobs.yaml:3:1 image'],
    ['one job alone', '# a\nimage: a\noutput: true', 'output', 'jobs.yaml:3:1 output'],
    ['a whole job', '- image: a\n- image: b', 'jobs[1]', 'jobs.yaml:2:3 jobs[1]'],
  ])('also where the server found it: in %s', (_name, text, field, place) =>
    expect(parseFile(text).place({ field, message: 'is wrong' }).field).toBe(place),
  );
  test('of every document, all at once', () =>
    expect(
      problemsOf('image: a\ncolour: red\n---\nimage: [\n---\nimage: b\nsize: 3').map(({ field }) => field),
    ).toEqual([
      expect.stringMatching(/:2:1 colour$/),
      expect.stringMatching(/:5:1$/),
      expect.stringMatching(/:7:1 size$/),
    ]));
});

describe('what would surprise is refused:', () => {
  test('`no` stays a word, as JSON would have it, and a number is no text', () => {
    expect(parse('image: a\nenv: { ANSWER: no }')[0]?.env).toEqual({ ANSWER: 'no' });
    expect(problemsOf('image: a\nenv: { ANSWER: 1 }')[0]?.field).toContain('env.ANSWER');
  });
  test('merge keys', () => expect(problemsOf('image: a\nenv: { <<: { A: b } }')).not.toEqual([]));
  test('an alias bomb', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n},*l${n}]`);
    const bomb = `image: a\nl0: &l0 [${'x,'.repeat(50)}x]\n${levels.join('\n')}`;
    expect(problemsOf(bomb)[0]?.limit).toBe('100 aliases');
  });
  test('a prototype', () => expect(problemsOf('{"image": "a", "__proto__": {"x": 1}}')).not.toEqual([]));
  test('text that is not UTF-8', () => {
    expect(problemsOf(new Uint8Array([0x69, 0xff, 0xfe]))[0]?.message).toBe('is not valid UTF-8');
  });
  test('an empty file', () => expect(problemsOf('# nothing\n')[0]?.message).toBe('holds no job'));
  test('more jobs than one request takes', () => {
    const half = '- image: a\n'.repeat(600);
    expect(problemsOf(`${half}---\n${half}`)[0]).toMatchObject({ limit: 1000, value: '1200' });
  });
  test('nesting deeper than a database takes', () => {
    const deep = `image: a\ninputs: { a: ${'['.repeat(70)}${']'.repeat(70)} }`;
    expect(problemsOf(deep)[0]?.message).toContain('nested');
  });
});

describe('reading', () => {
  test('a file larger than the limit, a folder and a missing file are refused by name', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'jo-file-'));
    try {
      const large = join(folder, 'large.yaml');
      await writeFile(large, 'x'.repeat(1_048_577));
      await expect(readJobFile(large)).rejects.toMatchObject({
        problems: [{ field: large, limit: '1048576 bytes' }],
      });
      await expect(readJobFile(folder)).rejects.toMatchObject({ code: 'invalid_input' });
      await expect(readJobFile(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'invalid_input' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
