import type { DagGraph } from '@job-orchestrator/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diffDags } from '../compile/diff.ts';
import { graphDigest } from '../compile/digest.ts';
import { loadDag } from '../compile/load.ts';
import { layoutOf } from './layout.ts';
import { pictureOf } from './picture.ts';
import { renderSvg } from './svg.ts';
import type { NodeMark } from './marks.ts';
import { renderDot, renderMermaid } from './text-formats.ts';

const graphOf = (nodes: object, more: object = {}): DagGraph =>
  loadDag({ name: 'd', defaults: { image: 'x' }, nodes, ...more }).graph;

const fanOut = (width: number): DagGraph => {
  const middle = Array.from({ length: width }, (_, n) => [`m${n}`, { needs: ['first'] }] as const);
  const join = { needs: middle.map(([name]) => name) };
  return graphOf({ first: {}, ...Object.fromEntries(middle), last: join });
};

describe('a picture', () => {
  test('folds nodes that have the same neighbours once there are too many', () => {
    expect(pictureOf(fanOut(100)).boxes).toHaveLength(102);
    expect(pictureOf(fanOut(10_000)).boxes.map(({ label }) => label)).toEqual([
      'first',
      'm0 + 9999 more',
      'last',
    ]);
  });

  test('leaves out what does not fit, and says so', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, n) => [`n${n}`, n === 0 ? {} : { needs: [`n${n - 1}`] }]),
    );
    const svg = renderSvg(graphOf(chain));
    expect(svg).toContain('700 of 1000 nodes are not shown');
    expect(svg.match(/<rect x=/g)).toHaveLength(300);
  });

  test('shows how the nodes of a run stand; of a folded box the one that asks for attention speaks', () => {
    const done = { state: 'completed', note: '1.2s' } as const;
    const marks = new Map<string, NodeMark>([
      ['first', done],
      ...Array.from({ length: 1_000 }, (_, n) => [`m${n}`, done] as const),
      ['m7', { state: 'failed', note: '3ms' }],
    ]);
    const svg = renderSvg(fanOut(1_000), marks);
    expect(svg).toContain('<title>first (job, completed, 1.2s)</title>');
    expect(svg).toContain('<title>m0 + 999 more (job, failed, 1 failed, 999 completed)</title>');
    expect(svg).toContain('<title>last (job)</title>');
    expect(svg).toMatch(/class="box folded failed"/);
    expect(renderMermaid(graphOf({ a: {} }), new Map([['a', done]]))).toMatch(
      /n0\["✔ a"\]:::completed\n {2}classDef completed fill:/,
    );
    expect(renderDot(graphOf({ a: {} }), new Map([['a', done]]))).toMatch(/n0 \[label="✔ a".*fillcolor=/);
  });

  test('is drawn in time, whatever leads where', () => {
    const left = Array.from({ length: 150 }, (_, n) => [`a${n}`, {}] as const);
    const needs = left.map(([name]) => name);
    // One more node each, so that no two have the same neighbours.
    const right = needs.map((own, n) => [`b${n}`, { needs: needs.filter((name) => name !== own) }] as const);
    const graph = graphOf({ ...Object.fromEntries(left), ...Object.fromEntries(right) });
    expect(renderSvg(graph).match(/class="arrow"/g)).toHaveLength(150 * 149);
  });

  test('cuts long names in their middle, and keeps the whole in a tooltip', () => {
    const name = 'a-name-that-goes-on-and-on-for-sixty-three-characters-in-all-xx';
    const svg = renderSvg(graphOf({ [name]: {} }));
    expect(svg).toContain(`<title>${name} (job)</title>`);
    expect(svg).toContain('>a-name-that-goes-o…s-in-all-xx<');
  });

  test('shows final nodes behind all others', () => {
    const graph = graphOf({ a: {}, b: { needs: ['a'] } }, { finally: { z: {} } });
    expect(renderMermaid(graph)).toContain('n1 -.-> n2');
  });

  test('has every box to the right of what it needs, and no two in one place (any graph)', () => {
    const edges = fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 120 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const needs = (n: number): string[] => [
          ...new Set(pairs.filter(([to, from]) => to === n && from < n).map(([, from]) => `n${from}`)),
        ];
        const picture = pictureOf(
          graphOf(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`n${n}`, { needs: needs(n) }]))),
        );
        const places = layoutOf(picture);
        for (const { from, to } of picture.arrows)
          expect(places[from]!.layer).toBeLessThan(places[to]!.layer);
        for (const one of places)
          for (const other of places)
            if (one !== other && one.layer === other.layer)
              expect(Math.abs(one.row - other.row)).toBeGreaterThanOrEqual(1 - 1e-9);
        expect(Math.min(...places.map(({ row }) => row))).toBe(0);
      }),
    );
  });
});

describe('diff', () => {
  test('speaks of fields by their place, of needs by their names, and of nodes that came and went', () => {
    const before = graphOf({ a: {}, b: { needs: ['a'] }, old: {} });
    const after = graphOf(
      { zero: {}, a: { env: { K: 'v' } }, b: { needs: ['a', 'zero'] } },
      { maxParallel: 3 },
    );
    expect(diffDags(before, after).map(({ text }) => text)).toEqual([
      'maxParallel was added: 3',
      'node old was removed',
      'node zero was added',
      'nodes.a.job.env was added: {"K":"v"}',
      'nodes.b.needs changed from ["a"] to ["a","zero"]',
    ]);
  });

  test('is empty exactly when the digests are equal (any two graphs)', () => {
    const node = fc.record(
      {
        when: fc.constantFrom('true', 'run.version > 1'),
        triggerRule: fc.constantFrom('all_done', 'one_failed'),
        group: fc.constantFrom('g', 'h'),
        priority: fc.nat(1),
        env: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('x', 'y')),
      },
      { requiredKeys: [] },
    );
    const document = fc.dictionary(fc.constantFrom('a', 'b', 'c'), node, { minKeys: 1 });
    const groups = { groups: { g: { mode: 'sequential' }, h: { mode: 'parallel' } } };
    fc.assert(
      fc.property(document, document, (one, two) => {
        const [before, after] = [graphOf(one, groups), graphOf(two, groups)];
        expect(diffDags(before, after).length === 0).toBe(graphDigest(before) === graphDigest(after));
      }),
    );
  });
});
