import { isOrchestratorError, type Problem } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { loadDagFile } from '../compile/load.ts';

const problemsOf = (when: string, section = 'nodes'): readonly Problem[] => {
  const last = `last: { ${section === 'nodes' ? 'needs: [load-all, a], triggerRule: all_done, ' : ''}when: '${when.replaceAll("'", "''")}' }`;
  const text = `name: d\ndefaults: { image: busybox }\nnodes:\n  load-all: {}\n  a: {}\n${
    section === 'nodes' ? '  ' : 'finally:\n  '
  }${last}\n`;
  try {
    loadDagFile('dag.yaml', Buffer.from(text));
    return [];
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
};

test.each([
  ["nodes.a.state == 'sucess'", 'nodes.a.state with "sucess"', 'did you mean completed?'],
  ["nodes.a.state != 'complted'", 'with "complted"', 'did you mean completed?'],
  ["'canceled' == nodes.a.state", 'with "canceled"', 'did you mean cancelled?'],
  ["nodes.a.state in ['failed', 'errored']", 'with "errored"', 'did you mean failed?'],
  [`nodes["load-all"].state == 'Failed'`, 'nodes["load-all"].state with "Failed"', 'did you mean failed?'],
  ["!(true && nodes.a.state == 'running')", 'with "running"', 'one of completed, failed, skipped, cancelled'],
])('%s is refused with the states that there are, and what was meant', (when, what, hint) => {
  const [problem, ...others] = problemsOf(when);
  expect(others).toEqual([]);
  expect(problem?.field).toContain('nodes.last.when');
  expect(problem?.message).toContain(`compares ${what.startsWith('nodes') ? what : ''}`);
  expect(problem?.message).toContain(what);
  expect(problem?.message).toContain(hint);
});

test('the place is that of the word', () => {
  const text =
    'name: d\nnodes:\n  a: { image: i }\n  b:\n    image: i\n    needs: [a]\n    when: nodes.a.state == "sucess"\n';
  const place = { field: expect.stringContaining('dag.yaml:7:28 nodes.b.when') };
  expect(() => loadDagFile('dag.yaml', Buffer.from(text))).toThrow(
    expect.objectContaining({ problems: [expect.objectContaining(place)] }),
  );
});

test.each([
  "nodes.a.state == 'completed'",
  "nodes.a.state in ['failed', 'skipped', 'cancelled']",
  "nodes.a.state.startsWith('fail')",
  "run.createdBy == 'sucess'",
  "['x'].exists(state, state == 'x') && nodes.a.state != 'failed'",
])('%s is none of it', (when) => expect(problemsOf(when)).toEqual([]));

test('the state of a run has no skipped', () => {
  expect(problemsOf("run.state == 'completed'", 'finally')).toEqual([]);
  expect(problemsOf("run.state == 'skipped'", 'finally')).toMatchObject([
    {
      message: expect.stringContaining(
        'run.state with "skipped", which it never is: it is one of completed, failed, cancelled',
      ),
    },
  ]);
});
