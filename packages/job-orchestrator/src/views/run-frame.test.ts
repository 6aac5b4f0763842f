import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { begun, id, node, now, plain, run } from '../testing/run-samples.ts';
import { runFrame } from './run-frame.ts';

const running = {
  state: 'running',
  jobId: id,
  jobState: 'running',
  attempt: 1,
  attemptStartedAt: begun,
} as const;
const failed = { ...running, state: 'failed', reason: 'job_failed', attemptFinishedAt: begun } as const;

describe('the frame of a run', () => {
  test('shows every node in the order of the graph where there is room', () => {
    const nodes = [node(0, failed), node(1, running), node(2)];
    expect(runFrame(run, nodes, now, { columns: 80, rows: 24 }, plain)).toEqual([
      'nightly v3  running  10s  run b97e8520',
      '1 failed, 1 running, 1 waiting',
      '✖ failed    n0  <1s  job b97e8520  its job failed',
      '● running   n1  10s  job b97e8520',
      '· waiting   n2  for nodes that it needs',
    ]);
  });

  test('shows failures and what runs first where there is little room, and says what is left out', () => {
    const nodes = Array.from({ length: 1_000 }, (_, n) =>
      node(n, n === 700 ? failed : n === 900 ? running : {}),
    );
    expect(runFrame(run, nodes, now, { columns: 80, rows: 6 }, plain)).toEqual([
      'nightly v3  running  10s  run b97e8520',
      '1 failed, 1 running, 998 waiting',
      '· waiting   n0    for nodes that it needs',
      '✖ failed    n700  <1s  job b97e8520  its job failed',
      '● running   n900  10s  job b97e8520',
      '  and 997 more: job-orchestrator describe run b97e8520',
    ]);
  });

  test('says how many nodes are left out in a narrow space too, with a command that is whole', () => {
    const nodes = Array.from({ length: 1_000 }, (_, n) => node(n));
    const last = (columns: number) => runFrame(run, nodes, now, { columns, rows: 6 }, plain).at(-1);
    expect(last(40)).toBe('  and 997 more: describe run b97e8520');
    expect(last(30)).toBe('  and 997 more');
  });

  test('tells states by their marks alone in 40 columns, and cuts what is too long', () => {
    const long = 'a-name-that-goes-on-and-on-for-sixty-three-characters-in-all-xx';
    const lines = runFrame(run, [node(0, { ...running, name: long })], now, { columns: 40, rows: 10 }, plain);
    expect(lines).toEqual([
      'nightly v3  running  10s  run b97e8520',
      '1 running',
      '● a-name-that-goes-on…  10s',
    ]);
  });

  test('gives a reason that does not fit lines of its own, as many as there is room for', () => {
    const message = 'The program ended with exit code 3, and said that the warehouse does not answer.';
    const nodes = [node(0, running), node(1, { ...failed, message })];
    const lines = (columns: number, rows: number) =>
      runFrame(run, nodes, now, { columns, rows }, plain).slice(2);
    expect(lines(80, 24)).toEqual([
      '● running   n0  10s  job b97e8520',
      '✖ failed    n1  <1s  job b97e8520',
      '              its job failed: The program ended with exit code 3, and said that',
      '              the warehouse does not answer.',
    ]);
    expect(lines(40, 24)).toEqual([
      '● n0  10s',
      '✖ n1  <1s',
      '    its job failed: The program ended',
      '    with exit code 3, and said that the',
      '    warehouse does not answer.',
    ]);
    expect(lines(40, 6).slice(1)).toEqual([
      '✖ n1  <1s',
      '    its job failed: The program ended',
      '    with exit code 3, and said that the…',
    ]);
    expect(lines(40, 4)).toEqual(['● n0  10s', '✖ n1  <1s  its job failed: The program …']);
  });

  test('wraps what a person is to type', () => {
    const approval = {
      message: 'Go on?',
      state: 'waiting',
      askedAt: begun,
      expiresAt: '2026-01-01T01:00:00.000Z',
      answeredAt: null,
      answeredBy: null,
      note: null,
    } as const;
    const nodes = [node(0, { state: 'running', approval })];
    const text = runFrame(run, nodes, now, { columns: 40, rows: 24 }, plain).join(' ');
    expect(text).toContain('job-orchestrator dag approve b97e8520 n0 (or dag reject)');
  });

  test('never breaks out of its space, whatever the nodes say (any run)', () => {
    const anyNode = fc.record({
      name: fc.string({ maxLength: 70 }),
      message: fc.option(fc.string({ unit: 'binary', maxLength: 200 })),
      item: fc.option(fc.nat(99)),
      state: fc.constantFrom('waiting', 'ready', 'running', 'completed', 'failed', 'skipped', 'cancelled'),
    });
    fc.assert(
      fc.property(
        fc.array(anyNode, { maxLength: 60 }),
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 2, max: 50 }),
        (some, columns, rows) => {
          const nodes = some.map((changes, n) => node(n, { reason: 'job_failed', ...changes }));
          const lines = runFrame({ ...run, dag: 'd'.repeat(63) }, nodes, now, { columns, rows }, plain);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) {
            expect([...line].length).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
          }
        },
      ),
    );
  });
});
