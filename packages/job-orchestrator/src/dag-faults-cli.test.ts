import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { useDev } from './testing/cli.ts';

const dev = useDev(({ client }) =>
  client.applyDag({
    name: 'load-day',
    defaults: { image: 'sh' },
    inputs: { day: { type: 'string', format: 'date' } },
    nodes: { a: {} },
  }),
);
const { jo } = dev;

const written = async (name: string, text: string): Promise<string> => {
  await writeFile(dev.path(name), text);
  return dev.path(name);
};

describe('what the server refuses of a file is shown where it stands:', () => {
  test.each([
    ['a DAG that is not there', '{ dag: { name: load-dya } }', 'name: load-dya', 'did you mean load-day?'],
    [
      'an input that it does not take',
      '{ dag: { name: load-day }, inputs: { date: x } }',
      'date',
      'not an input',
    ],
    ['an input that is missing', '{ dag: { name: load-day } }', 'a', 'inputs.day: is required'],
  ])('%s', async (_what, node, spot, words) => {
    const file = await written(
      'dag.yaml',
      `name: outer\nnodes:\n  a: ${node}\nfinally:\n  z: { image: sh }\n`,
    );
    const { code, stdout, stderr } = await jo('dag', 'apply', '-f', file);
    expect([code, stdout]).toEqual([2, '']);
    const line = `  a: ${node}`;
    const column = line.indexOf(spot) + spot.lastIndexOf(' ') + 2;
    expect(stderr).toContain(`${file}:3:${column} nodes.a`);
    expect(stderr).toContain(`    3 | ${line}\n      | ${' '.repeat(column - 1)}^`);
    expect(stderr).toContain(words);
  });

  test('a final node', async () => {
    const text = 'name: outer\nnodes: { a: { image: sh } }\nfinally:\n  z: { dag: { name: gone } }\n';
    const { stderr } = await jo('dag', 'apply', '-f', await written('dag.yaml', text));
    expect(stderr).toContain('dag.yaml:4:21 finally.z.dag.name: names a DAG that does not exist');
  });

  test('an input in a file of inputs, but not one that a word gave', async () => {
    const inputs = await written('inputs.json', '{\n  "day": "monday"\n}');
    const refused = await jo('dag', 'run', 'load-day', '--inputs-file', inputs);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('inputs.json:2:10 day: must be a date');
    expect(refused.stderr).toContain('    2 |   "day": "monday"\n      |          ^^^^^^^^');
    const word = await jo('dag', 'run', 'load-day', '--inputs-file', inputs, '-i', 'day=tuesday');
    expect(word.stderr).toContain('  inputs.day: must be a date');
  });

  test('a DAG whose name is misspelt', async () => {
    const { code, stderr } = await jo('dag', 'run', 'loadday');
    expect(code).toBe(5);
    expect(stderr).toContain('There is no DAG loadday in project default; did you mean load-day?');
  });
});
