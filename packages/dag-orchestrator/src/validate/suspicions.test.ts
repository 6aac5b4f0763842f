import { expect, test } from 'vitest';
import { loadDagFile } from '../compile/load.ts';
import { suspicions } from './suspicions.ts';

const noted = (nodes: string) =>
  suspicions(
    loadDagFile(
      'dag.yaml',
      Buffer.from(`name: d\ndefaults: { image: x }\ninputs: { n: { type: integer } }\n${nodes}`),
    ).graph,
  );

test('texts that were hardly meant as texts are noted where they stand', () => {
  expect(noted('nodes:\n  a: { args: [inputs.n, inputs.other, "{{ item }}"] }\n')).toEqual([
    'nodes.a.args[0] is the text "inputs.n" as it stands; an expression is written ${{ … }}',
    'nodes.a.args[2] is the text "{{ item }}" as it stands; an expression is written ${{ … }}',
  ]);
});

test('templates of other systems and single braces are noted, words of shells and programs are not', () => {
  const texts = ['{{ ds }}', '{{ params.day }}', '{{tasks.a.outputs}}', '${inputs.n}', '${ item }'];
  const meant = ['{{.Names}}', '${HOME}', '${items}', '{{ user }}', '$(date)'];
  const found = noted(`nodes:\n  a: { args: ${JSON.stringify([...texts, ...meant])} }\n`);
  expect(found.map((line) => /args\[\d\]/.exec(line)?.[0])).toEqual(texts.map((_, at) => `args[${at}]`));
});

test('the arguments of a shell line are counted as they are written, and final nodes are told as such', () => {
  const nodes = 'nodes: { a: {} }\nfinally: { b: { run: echo, args: [x, inputs.n] } }\n';
  expect(noted(nodes)).toEqual([expect.stringMatching(/^finally\.b\.args\[1\] is the text/)]);
});
