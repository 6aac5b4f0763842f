import { expect, test } from 'vitest';
import { sampleSpec } from '../testing/samples.ts';
import { fromStoredSpec, toStoredSpec } from './stored-spec.ts';

const plain = { ...sampleSpec, command: null, env: {}, inputs: null };

test('parts that say nothing are not stored, and are there again when it is read', () => {
  expect(Object.keys(toStoredSpec(plain))).toEqual(['image', 'imageReference', 'retry', 'deadlines']);
  expect(fromStoredSpec(toStoredSpec(plain))).toEqual(plain);
});

test('what is empty but means something else than nothing is kept', () => {
  const spec = { ...plain, name: '', command: [], args: [], inputs: {}, env: { A: '' }, output: true };
  expect(toStoredSpec(spec)).toMatchObject({ name: '', command: [], args: [], inputs: {}, env: { A: '' } });
  expect(fromStoredSpec(toStoredSpec(spec))).toEqual(spec);
});
