import { readFileSync } from 'node:fs';
import { graphDigest, loadDag, loadDagFile } from '@job-orchestrator/dag-orchestrator';
import { expect, test } from 'vitest';
import { defineDag } from './define-dag.ts';
import { expr, text } from './ref.ts';

const example = new URL('../../../../examples/dag/nightly-sales.yaml', import.meta.url);

const nightly = defineDag(
  'nightly-sales',
  {
    description: 'Extracts a day of sales in parts, loads them, and reports once a person has agreed.',
    inputs: {
      day: { type: 'string', format: 'date', description: 'The day to load' },
      parts: { type: 'integer', minimum: 1, maximum: 100, default: 4 },
    },
    defaults: {
      image: 'busybox',
      retry: { maxRetries: 2 },
      deadlines: { runSeconds: 1_800 },
      resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } },
    },
    groups: { loads: { mode: 'limited', maxParallel: 20 } },
    maxParallel: 50,
    deadlineSeconds: 86_400,
  },
  (dag) => {
    const extract = dag.node('extract', {
      run: `echo "extracting $DAY in $1 parts"; printf '{"parts":["north","south"],"rows":120}' > "$JOB_ORCHESTRATOR_OUTPUT"`,
      env: { DAY: dag.inputs.day },
      args: [dag.inputs.parts],
      outputs: { parts: { type: 'array', items: { type: 'string' } }, rows: { type: 'integer', minimum: 0 } },
    });
    const { rows } = extract.outputs;
    const load = dag.node('load', {
      needs: [extract],
      when: expr`${rows} > 0`,
      forEach: extract.outputs.parts,
      group: 'loads',
      command: ['echo'],
      args: ['load', dag.item],
    });
    const check = dag.node('check', {
      needs: [load],
      triggerRule: 'none_failed_min_one_success',
      inputs: { rows, day: dag.inputs.day },
      command: ['echo', 'checked'],
    });
    const message = text`Publish ${rows} rows of ${dag.inputs.day}?`;
    const agree = dag.node('agree', { needs: [check], approval: { message, timeoutSeconds: 14_400 } });
    dag.node('publish', { needs: [agree], command: ['echo', 'published'] });
    dag.finalNode('clean-up', {
      when: expr`${dag.run.at('state')} != ${'completed'}`,
      command: ['echo', 'cleaning up'],
    });
    return { rows };
  },
);

test('the builder and YAML compile to the same graph', () => {
  const yaml = loadDagFile('nightly-sales.yaml', readFileSync(example)).graph;
  const built = loadDag(nightly).graph;
  expect(built).toEqual(yaml);
  expect(graphDigest(built)).toBe(graphDigest(yaml));
});

test('names that CEL cannot read behind a dot are reached by brackets', () => {
  const document = defineDag('d', { inputs: { in: { default: 1 } }, defaults: { image: 'x' } }, (dag) => {
    const one = dag.node('load-all', { args: [dag.inputs.in] });
    dag.node('b', { needs: [one], when: expr`${one.state} == ${'completed'}` });
  });
  expect(document.nodes['b']?.when).toBe('${{ nodes["load-all"].state == "completed" }}');
  expect(loadDag(document).graph.nodes[1]?.reads).toEqual([0]);
});

test('names that are not there are refused by the compiler, and where they are read', () => {
  defineDag('d', { inputs: { day: {} }, defaults: { image: 'x' } }, (dag) => {
    const a = dag.node('a', { outputs: { rows: { type: 'integer' } } });
    // @ts-expect-error -- there is no such input
    expect(() => dag.inputs.dya).toThrow('the DAG declares no input dya; did you mean day?');
    // @ts-expect-error -- there is no such output
    expect(() => a.outputs.row).toThrow('node a declares no output row; did you mean rows?');
    expect(() => dag.node('a')).toThrow('defined twice');
    expect(() => text`x ${undefined as never}`).toThrow('value 1 of text`…` is undefined');
    expect(() => expr`x > ${undefined as never}`).toThrow('value 1 of expr`…` is undefined');
  });
});

test('an approval has the outputs of an answer', () => {
  const document = defineDag('d', { defaults: { image: 'x' } }, (dag) => {
    const agree = dag.node('agree', { approval: { message: 'Go on?', onTimeout: 'approve' } });
    dag.node('b', { needs: [agree], env: { BY: agree.outputs.by } });
  });
  expect(document.nodes['b']?.env).toEqual({ BY: '${{ nodes.agree.outputs.by }}' });
});

test('a cache is taken over as it is', () => {
  const built = defineDag('cached', { defaults: { image: 'busybox' } }, (dag) => {
    dag.node('a', { cache: true });
    dag.node('b', { cache: { maxAgeSeconds: 60 } });
  });
  const yaml =
    'name: cached\ndefaults: { image: busybox }\nnodes: { a: { cache: true }, b: { cache: { maxAgeSeconds: 60 } } }';
  expect(loadDag(built).graph).toEqual(loadDagFile('cached.yaml', Buffer.from(yaml)).graph);
});
