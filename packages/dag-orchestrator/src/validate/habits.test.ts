import { isOrchestratorError } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { loadDagFile } from '../compile/load.ts';

const refusal = (text: string): string => {
  try {
    loadDagFile('dag.yaml', Buffer.from(text));
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    return error.problems
      .map(({ field, message, value }) => `${field}: ${message} (found: ${value})`)
      .join('\n');
  }
  return 'nothing was refused';
};

const withField = (line: string): string => `name: d\n${line}\nnodes: { a: { image: sh } }`;
const ofNode = (field: string): string => `name: d\nnodes: { a: { image: sh, ${field} } }`;

test.each([
  ['a schedule', "schedule: '@daily'", 'schedules stand beside DAGs: `job-orchestrator schedule create'],
  ['a schedule as Airflow calls it', "schedule_interval: '@daily'", 'schedules stand beside DAGs'],
  [
    'an image for all nodes',
    'image: sh',
    'is a field of nodes; for all of them write `defaults: { image: … }`',
  ],
  ['variables for all nodes', 'env: { A: b }', 'write `defaults: { env: … }`'],
  ['retries for all nodes', 'retries: 2', 'it is `defaults: { retry: { maxRetries: 3 } }`'],
  ['a time for the whole run', 'timeout: 60', 'it is `deadlineSeconds`'],
  ['what to do after a failure', 'onFailure: a', 'it is `finally`, with'],
])('of a DAG: %s', (_what, line, words) => {
  expect(refusal(withField(line))).toContain(words);
});

test.each([
  ['its name', 'id: a', 'the key of a node is its name'],
  ['a time', 'timeout: 60', 'it is `deadlines: { runSeconds: 1800 }`'],
  ['items in snake case', 'with_items: [1]', 'it is `forEach`'],
  ['a number as a variable', 'env: { A: 3 }', "must be a string: write '3', in quotes (found: 3)"],
  ['true as a variable', 'env: { A: true }', "must be a string: write 'true', in quotes (found: true)"],
  [
    'a number in quotes',
    'retry: { maxRetries: "1" }',
    'must be a whole number: write 1, without quotes (found: "1")',
  ],
  [
    'a time with its unit',
    'deadlines: { runSeconds: 2h }',
    'must be a whole number of seconds: write 7200 (found: 2h)',
  ],
  ['an expression as a number', "priority: '${{ inputs.p }}'", 'this field takes no expressions'],
])('of a node: %s', (_what, field, words) => {
  expect(refusal(ofNode(field))).toContain(words);
});
