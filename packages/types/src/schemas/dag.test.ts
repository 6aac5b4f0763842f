import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limits } from '../vocabulary/limits.ts';
import { triggerRules } from '../vocabulary/dag.ts';
import { DagDocumentSchema, DagNodeSchema } from './dag.ts';

const page = readFileSync(new URL('../../../../docs/dags.md', import.meta.url), 'utf8');

test('docs/dags.md names every field, every trigger rule and the limits', () => {
  const words = [
    ...Object.keys(DagDocumentSchema.properties),
    ...Object.keys(DagNodeSchema.properties),
    ...triggerRules,
  ];
  expect(words.filter((word) => !page.includes(`\`${word}\``))).toEqual([]);
  const { nodes, edges, nodeRuns, forEachItems, expressionCost } = limits.dag;
  for (const limit of [nodes, edges, nodeRuns, forEachItems, expressionCost])
    expect(page).toContain(limit.toLocaleString('en'));
});
