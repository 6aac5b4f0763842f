import { expect, test } from 'vitest';
import { graphDigest } from './digest.ts';
import { loadDag } from './load.ts';
import { pinVersions, subDagsOf, type KnownDag } from './pin-versions.ts';

const graph = loadDag({
  name: 'd',
  nodes: {
    a: { dag: { name: 'other' }, inputs: { day: '2026-01-31' } },
    b: { dag: { name: 'other', version: 2 }, inputs: { day: '2026-01-31' } },
    c: { dag: { name: 'other' }, inputs: { day: '2026-01-31' } },
  },
}).graph;

const other = (version: number): KnownDag => ({
  version,
  inputs: { day: { type: 'string' }, parts: { default: 1 } },
});

test('what names no version gets the newest; what names one keeps it', () => {
  expect(subDagsOf(graph)).toEqual([
    { name: 'other', version: null },
    { name: 'other', version: 2 },
  ]);
  const pinned = pinVersions(graph, ({ version }) => other(version ?? 7));
  expect(subDagsOf(pinned).map(({ version }) => version)).toEqual([7, 2]);
  expect(graphDigest(pinned)).not.toBe(graphDigest(pinVersions(graph, ({ version }) => other(version ?? 8))));
});

test('unknown sub-DAGs, missing and unknown inputs are told by their places', () => {
  expect(() => pinVersions(graph, () => null)).toThrow('nodes.a.dag names a DAG that does not exist');
  const stricter = { version: 1, inputs: { date: {}, dya: { default: 1 } } };
  expect(() => pinVersions(graph, () => stricter)).toThrow('nodes.a.inputs.date is required');
  expect(() => pinVersions(graph, () => ({ version: 1, inputs: { dya: {}, day: {} } }))).toThrow(
    'inputs.dya',
  );
  const unknown = { version: 1, inputs: { days: { default: 1 } } };
  expect(() => pinVersions(graph, () => unknown)).toThrow(
    'nodes.a.inputs.day is not an input of the other DAG; did you mean days?',
  );
});
