import { isOrchestratorError, limits, type DagGraph, type Problem } from '@job-orchestrator/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphDigest } from './digest.ts';
import { loadDag, loadDagFile } from './load.ts';

const compile = (text: string): DagGraph => loadDagFile('dag.yaml', Buffer.from(text)).graph;

const refusal = (work: () => unknown): readonly Problem[] => {
  try {
    work();
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  throw new Error('was not refused');
};
const problemsOf = (text: string): readonly Problem[] => refusal(() => compile(text));
const head = 'name: d\ndefaults: { image: busybox }\n';

describe('a fault is told with its place, a caret and what was meant:', () => {
  test.each<[string, string, string, string]>([
    ['an unknown field', 'nodes:\n  a: { need: [] }', 'dag.yaml:4:8 nodes.a.need', 'did you mean needs?'],
    [
      'an unknown need',
      'nodes:\n  extract: {}\n  b: { needs: [extrct] }',
      'dag.yaml:5:16 nodes.b.needs[0]',
      'did you mean extract?',
    ],
    ['a repeated need', 'nodes:\n  a: {}\n  b: { needs: [a, a] }', 'dag.yaml:5:19 nodes.b.needs[1]', 'twice'],
    ['a need of itself', 'nodes:\n  a: { needs: [a] }', 'dag.yaml:4:16 nodes.a.needs[0]', 'itself'],
    [
      'a cycle',
      'nodes:\n  a: { needs: [c] }\n  b: { needs: [a] }\n  c: { needs: [b] }',
      'nodes.a.needs[0]',
      'a → c → b → a',
    ],
    [
      'a cycle through a group',
      'groups: { g: { mode: sequential } }\nnodes:\n  a: { group: g, needs: [b] }\n  b: { group: g }',
      'nodes.',
      'cycle',
    ],
    [
      'a trigger rule',
      'nodes:\n  a: { triggerRule: all_sucess }',
      'nodes.a.triggerRule',
      'did you mean all_success?',
    ],
    ['a name with a slash', 'nodes:\n  a/b: {}', 'dag.yaml:4:3 nodes.a/b', 'lower-case'],
    ['a name with NUL', 'nodes:\n  "a\\0b": {}', 'nodes.', 'NUL'],
    ['a name with a line break', 'nodes:\n  "a\\n": {}', 'nodes.', 'not allowed'],
    ['a long name', `nodes:\n  ${'a'.repeat(64)}: {}`, 'dag.yaml:4:3', '63'],
    ['a name that stands twice', 'nodes:\n  a: {}\nfinally:\n  a: {}', 'dag.yaml:6:3 finally.a', 'too'],
    [
      'a text where a list is',
      'nodes:\n  a: {}\n  b: { needs: a }',
      'dag.yaml:5:15 nodes.b.needs',
      'write [a]',
    ],
    [
      'a command in one text',
      'nodes:\n  a: { command: echo hi }',
      'dag.yaml:4:17 nodes.a.command',
      'a shell line to `run`, or write [echo, hi]',
    ],
    [
      'a word of others',
      'nodes:\n  a: { depends_on: [b] }',
      'dag.yaml:4:8 nodes.a.depends_on',
      'it is `needs`',
    ],
    [
      'a number of retries',
      'nodes:\n  a: { retry: 3 }',
      'dag.yaml:4:15 nodes.a.retry',
      'such as { maxRetries: 3 }',
    ],
    [
      'a time for deadlines',
      'nodes:\n  a: { deadlines: 30m }',
      'dag.yaml:4:19',
      'such as { runSeconds: 1800 }',
    ],
    [
      'a list of outputs',
      'nodes:\n  a: { outputs: [rows] }',
      'dag.yaml:4:17',
      'such as { rows: { type: integer } }',
    ],
    [
      'an expression without quotes',
      'nodes:\n  a: { env: { A: ${{ inputs.a }} } }',
      'dag.yaml:4:19',
      'stands in quotes',
    ],
    ['a key that stands twice', 'nodes:\n  a: {}\n  a: {}', 'dag.yaml:5:3', 'unique'],
    [
      'a final node that needs an ordinary one',
      'nodes:\n  a: {}\nfinally:\n  b: { needs: [a] }',
      'finally.b.needs[0]',
      'ordinary',
    ],
    [
      'an ordinary node that needs a final one',
      'nodes:\n  a: { needs: [b] }\nfinally:\n  b: {}',
      'nodes.a.needs[0]',
      '`finally`',
    ],
    [
      'a final approval',
      'nodes:\n  a: {}\nfinally:\n  b: { approval: { message: ok } }',
      'finally.b.approval',
      'without a person',
    ],
    [
      'an unknown group',
      'groups: { load: { mode: parallel } }\nnodes:\n  a: { group: laod }',
      'nodes.a.group',
      'did you mean load?',
    ],
    [
      'a limited group without limit',
      'groups: { g: { mode: limited } }\nnodes: { a: {} }',
      'groups.g.maxParallel',
      'is required',
    ],
    ['maxParallel without forEach', 'nodes:\n  a: { maxParallel: 3 }', 'nodes.a.maxParallel', 'forEach'],
    [
      'a field that an approval lacks',
      'nodes:\n  a: { approval: { message: ok }, env: {} }',
      'nodes.a.env',
      'approval',
    ],
    [
      'a retry rule without retries',
      'nodes:\n  a: { retry: { backoff: { baseSeconds: 1, capSeconds: 2 } } }',
      'dag.yaml:4:17 nodes.a.retry.backoff',
      'has no effect without retry.maxRetries',
    ],
    [
      'memory that cannot grow',
      'nodes:\n  a: { resources: { limits: { memory: 2Gi } }, retry: { maxRetries: 1, memory: { factor: 2, cap: 1Gi } } }',
      'nodes.a.retry.memory.cap',
      'must be more than resources.limits.memory (2Gi)',
    ],
    ['run beside command', 'nodes:\n  a: { run: x, command: [y] }', 'nodes.a.command', 'exclude'],
    [
      'a reserved variable',
      'nodes:\n  a: { env: { JOB_ORCHESTRATOR_X: y } }',
      'dag.yaml:4:15 nodes.a.env.JOB_ORCHESTRATOR_X',
      'reserved',
    ],
    [
      'a misspelt keyword of a schema',
      'inputs: { n: { type: integer, minimun: 1 } }\nnodes: { a: {} }',
      'inputs.n.minimun',
      'did you mean minimum?',
    ],
    [
      'a default that does not fit',
      'inputs: { n: { type: integer, default: x } }\nnodes: { a: {} }',
      'inputs.n.default',
      'whole number',
    ],
    [
      'a pattern that is none',
      'inputs: { n: { pattern: "(?=a)" } }\nnodes: { a: {} }',
      'inputs.n.pattern',
      'RE2',
    ],
    ['no nodes', 'nodes: {}', 'nodes', 'at least one'],
  ])('%s', (_name, body, place, words) => {
    const [problem] = problemsOf(head + body);
    expect(problem?.field).toContain(place);
    expect(`${problem?.message} ${problem?.excerpt}`).toContain(words);
    expect(problem?.excerpt).toMatch(/\^/);
  });

  test('a missing image', () => {
    expect(problemsOf('name: d\nnodes: { a: {} }')[0]?.message).toContain('`defaults`');
  });

  test('the caret stands under the spot', () => {
    const [problem] = problemsOf(
      `${head}nodes:\n  a: {}\n  b: { needs: [a], args: ["x \${{ nodes.a.outptus }}"] }`,
    );
    expect(problem?.excerpt).toBe(
      ['5 |   b: { needs: [a], args: ["x ${{ nodes.a.outptus }}"] }', `  | ${' '.repeat(41)}^^^^^^^`].join(
        '\n',
      ),
    );
  });

  test('several at once: the first 20, and how many more there are', () => {
    expect(problemsOf(`${head}nodes:\n  a: { needs: [x] }\n  b: { needs: [y] }`)).toHaveLength(2);
    const many = Array.from({ length: 50 }, (_, n) => `  n${n}: { needs: [x] }`).join('\n');
    const rest = { field: '', message: 'and 30 more', more: 30 };
    for (const wrong of [many, many.replaceAll('needs', 'nedes')]) {
      const problems = problemsOf(`${head}nodes:\n${wrong}`);
      expect([problems.length, problems.at(-1)]).toEqual([21, rest]);
    }
    const twice = Array.from({ length: 51 }, () => '  a: {}').join('\n');
    expect(problemsOf(`${head}nodes:\n${twice}`).at(-1)).toEqual(rest);
  });
});

describe('an expression is refused where', () => {
  const nodes = (node: string): string =>
    `${head}inputs: { day: { type: string } }\nnodes:\n  extract: { outputs: { parts: { type: array } } }\n  load-all: {}\n  fan: { forEach: [1], outputs: { n: {} } }\n  x: { needs: [extract, load-all, fan], ${node} }\n  later: {}`;
  test.each([
    ['env: { A: "${{ inputs.dya }}" }', 'did you mean inputs.day?'],
    ['env: { A: "${{ nodes.extrat.outputs.parts }}" }', 'did you mean nodes.extract?'],
    ['env: { A: "${{ nodes.extract.outputs.part }}" }', 'did you mean parts?'],
    ['env: { A: "${{ nodes.load-all.state }}" }', 'nodes["load-all"]'],
    ['env: { A: "${{ nodes[\'load-all\'].outputs.x }}" }', 'declares none'],
    ['env: { A: "${{ nodes.fan.outputs.n }}" }', 'nodes.fan.outputs.map(o, o.n)'],
    ['env: { A: "${{ nodes.later.state }}" }', 'add later to `needs`'],
    ['env: { A: "${{ nodes.x.state }}" }', 'itself'],
    ['env: { A: "${{ item }}" }', 'no `forEach`'],
    ['forEach: [1], when: "item > 1"', 'before there are items'],
    ['env: { A: "${{ run.stat }}" }', 'did you mean state?'],
    ['env: { A: "${{ run.state }}" }', '`finally`'],
    ['env: { A: "${{ day }}" }', 'inputs.day'],
    ['env: { A: "${{ extract.outputs }}" }', 'nodes.extract.outputs'],
    ['env: { A: "${{ siz(inputs.day) }}" }', 'did you mean size?'],
    ['env: { A: "${{ inputs.day" }', 'no }} closes'],
    ['env: { A: "${{ inputs.day + }}" }', 'not expected here'],
    ['when: "yes ${{ true }}"', 'one expression and nothing else'],
    ['run: "echo ${{ inputs.day }}"', '"$NAME"'],
    ['command: [sh, -c], args: ["echo ${{ inputs.day }}"]', '"$NAME"'],
    ['command: ["${{ inputs.day }}"]', 'fixed'],
    [`when: "1 ${' '.repeat(5_000)} == 1"`, '4096'],
  ])('%s', (node, words) => {
    const [problem] = problemsOf(nodes(node));
    expect(`${problem?.message}`).toContain(words);
  });

  test('far ancestors may be read, others not, whatever their number', () => {
    const chain = Array.from({ length: 200 }, (_, n) => [
      `n${n}`,
      {
        ...(n === 0 ? {} : { needs: [`n${n - 1}`] }),
        env: Object.fromEntries(
          Array.from({ length: Math.min(n, 50) }, (_unused, m) => [`E${m}`, `\${{ nodes.n${m}.state }}`]),
        ),
      },
    ]);
    const document = { name: 'd', defaults: { image: 'x' }, nodes: Object.fromEntries(chain) as object };
    expect(loadDag(document).graph.nodes[199]?.reads).toHaveLength(50);
    const wrong = {
      ...document,
      nodes: { ...document.nodes, side: { needs: ['n3'], env: { A: '${{ nodes.n5.state }}' } } },
    };
    expect(refusal(() => loadDag(wrong))[0]).toMatchObject({ field: 'nodes.side.env.A' });
  });
});

describe('what would harm the server is refused:', () => {
  test('an alias bomb', () => {
    const levels = Array.from({ length: 9 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n},*l${n}]`);
    expect(problemsOf(`l0: &l0 [${'x,'.repeat(50)}x]\n${levels.join('\n')}`)[0]?.limit).toBe('100 aliases');
  });
  test('deep nesting, in brackets and in dashes', () => {
    expect(
      problemsOf(`${head}nodes: { a: { inputs: { a: ${'['.repeat(70)}${']'.repeat(70)} } } }`)[0]?.message,
    ).toContain('nested');
    expect(problemsOf(`${'- '.repeat(100_000)}x`)[0]?.message).toContain('nested');
  });
  test('tags, merge keys, YAML 1.1, a second document, other encodings, more than 1 MiB', () => {
    expect(problemsOf('name: !!js/function x')[0]?.message).toContain('tag');
    expect(problemsOf(`${head}nodes: { a: { <<: { run: x } } }`)[0]?.message).toContain('not a known field');
    expect(problemsOf(`%YAML 1.1\n---\n${head}`)[0]?.message).toContain('1.2');
    expect(problemsOf(`${head}nodes: { a: {} }\n---\nname: e`)[0]?.message).toContain('second');
    expect(refusal(() => loadDagFile('x', new Uint8Array([0x69, 0xff])))[0]?.message).toContain('UTF-8');
    expect(refusal(() => loadDagFile('x', new Uint8Array(limits.fileBytes + 1)))[0]?.message).toContain(
      'large',
    );
  });
  test('100,001 nodes, and a forEach over more than its limit', () => {
    const nodes = Object.fromEntries(Array.from({ length: limits.dag.nodes + 1 }, (_, n) => [`n${n}`, {}]));
    expect(refusal(() => loadDag({ name: 'd', defaults: { image: 'x' }, nodes }))[0]).toMatchObject({
      limit: 100_000,
      value: '100001',
    });
    const forEach = Array.from({ length: limits.dag.forEachItems + 1 }, () => 1);
    expect(refusal(() => loadDag({ name: 'd', nodes: { a: { image: 'x', forEach } } }))[0]).toMatchObject({
      field: 'nodes.a.forEach',
    });
  });
  test('a prototype, and names that objects have', () => {
    expect(problemsOf(`${head}nodes: { __proto__: {} }`)).not.toEqual([]);
    expect(problemsOf(`${head}nodes: { a: { needs: [constructor] } }`)[0]?.message).toContain(
      'is not a node',
    );
    expect(compile(`${head}nodes: { constructor: {}, a: { needs: [constructor] } }`).nodes[1]?.needs).toEqual(
      [0],
    );
  });
});

describe('the graph', () => {
  test('has every default applied and every name resolved', () => {
    const graph = compile(`
name: nightly
defaults: { image: etl, env: { A: "1", B: "2" }, retry: { maxRetries: 2 }, topic: etl }
groups: { loads: { mode: limited, maxParallel: 2 }, steps: { mode: sequential } }
nodes:
  load: { needs: [extract], forEach: "\${{ nodes.extract.outputs.parts }}", maxParallel: 20, group: loads, args: ["\${{ item }}"] }
  extract: { run: 'etl "$1"', args: ["\${{ run.id }}"], env: { B: "3" }, retry: { infrastructureRetries: 1 }, outputs: { parts: { type: array } } }
  ok: { needs: [load], approval: { message: "Go?" } }
  sub: { needs: [ok], dag: { name: other }, group: steps }
finally:
  clean: { run: clean, when: run.state == "failed" }
`);
    expect(graph.nodes.map(({ name, kind, needs, final }) => [name, kind, needs, final])).toEqual([
      ['extract', 'job', [], false],
      ['load', 'job', [0], false],
      ['ok', 'approval', [1], false],
      ['sub', 'dag', [2], false],
      ['clean', 'job', [], true],
    ]);
    expect(graph.nodes[0]).toMatchObject({
      job: {
        image: 'etl',
        topic: 'etl',
        command: ['/bin/sh', '-ec', 'etl "$1"', 'sh'],
        args: ['${{ run.id }}'],
        env: { A: '1', B: '3' },
        retry: { maxRetries: 2, infrastructureRetries: 1 },
      },
    });
    expect(graph.nodes[1]).toMatchObject({
      reads: [0],
      group: 0,
      forEach: { items: '${{ nodes.extract.outputs.parts }}', maxParallel: 20, failFast: false },
    });
    expect(graph.groups).toEqual([
      { name: 'loads', maxParallel: 2, inOrder: false, members: [1] },
      { name: 'steps', maxParallel: 1, inOrder: true, members: [3] },
    ]);
    expect(graph.nodes[4]).toMatchObject({ when: 'run.state == "failed"' });
  });

  test('has the same digest whatever the layout of its file, and another when its content changed', () => {
    const digest = (text: string): string => graphDigest(compile(text));
    const one = digest(`${head}nodes:\n  a: { run: x, env: { A: b, C: d } } # first\n`);
    expect(
      digest(
        `{"defaults": {"image": "busybox"}, "nodes": {"a": {"env": {"C": "d", "A": "b"}, "run": "x"}}, "name": "d"}`,
      ),
    ).toBe(one);
    expect(digest(`${head}nodes:\n  a: { run: y, env: { A: b, C: d } }\n`)).not.toBe(one);
  });

  test('stands in topological order, and what was in order stays so (any graph)', () => {
    const edges = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 90 });
    fc.assert(
      fc.property(edges, fc.boolean(), (pairs, reversed) => {
        const needs = Array.from({ length: 30 }, (_, n) => [
          ...new Set(pairs.filter(([to, from]) => to === n && from < n).map(([, from]) => `n${from}`)),
        ]);
        const entries = needs.map((list, n) => [`n${n}`, { needs: list }] as const);
        const nodes = Object.fromEntries(reversed ? entries.toReversed() : entries);
        const graph = loadDag({ name: 'd', defaults: { image: 'x' }, nodes }).graph;
        graph.nodes.forEach((node, index) => {
          expect(node.needs.every((need) => need < index)).toBe(true);
          expect(node.needs.map((need) => graph.nodes[need]?.name).toSorted()).toEqual(
            [...(nodes[node.name]?.needs ?? [])].toSorted(),
          );
        });
        if (!reversed) expect(graph.nodes.map(({ name }) => name)).toEqual(entries.map(([name]) => name));
      }),
    );
  });

  test('of a chain of 100,000 nodes needs no recursion, and its cycle is told in short', () => {
    const chain = (closed: boolean): object =>
      Object.fromEntries(
        Array.from({ length: 100_000 }, (_, n) => [
          `n${n}`,
          n === 0 ? { needs: closed ? ['n99999'] : [] } : { needs: [`n${n - 1}`] },
        ]),
      );
    const document = (closed: boolean): object => ({
      name: 'd',
      defaults: { image: 'x' },
      nodes: chain(closed),
    });
    expect(loadDag(document(false)).graph.nodes).toHaveLength(100_000);
    const message = refusal(() => loadDag(document(true)))[0]?.message ?? '';
    expect(message).toContain('99989 more');
    expect(message.length).toBeLessThan(300);
  });
});

test('where the parser lost its way, the first fault is told and not what follows from it', () => {
  const text = 'name: d\nnodes:\n  a: { env: { A: ${{ inputs.a }} } }\n  b:\n    needs: [a]\n';
  expect(refusal(() => compile(text))).toHaveLength(1);
});
