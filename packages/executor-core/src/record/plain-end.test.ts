import { failure, type ClosingDecision } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { plainEnd } from './plain-end.ts';

const at = new Date('2026-01-01T00:00:00Z');
const succeed: ClosingDecision = {
  kind: 'succeed',
  exit: {
    exitCode: 0,
    startedAt: at,
    finishedAt: at,
    failure: null,
    output: { kind: 'ready', result: { text: '"\u0000"', bytes: 3, digest: 'd' }, files: [] },
    node: 'node \u0000',
    imageDigest: 'digest \u0000',
  },
};

test('a success without a declared output stays one, without anything that came from outside', () => {
  expect(plainEnd(succeed, false)).toEqual({
    kind: 'succeed',
    exit: {
      exitCode: 0,
      startedAt: null,
      finishedAt: at,
      failure: null,
      output: { kind: 'none' },
      node: null,
      imageDigest: null,
    },
  });
});

test('a success whose declared output cannot be stored is a failure', () => {
  expect(plainEnd(succeed, true)).toMatchObject({ kind: 'fail', failure: { reason: 'output_invalid' } });
});

test('a failure keeps its reason, and nothing else', () => {
  const why = failure('exit_code', 'ended with \u0000', { exitCode: 3 });
  const plain = plainEnd({ kind: 'fail', failure: why, lost: false, exit: succeed.exit }, true);
  expect(plain).toMatchObject({ kind: 'fail', exit: null, failure: { reason: 'exit_code' } });
  expect(JSON.stringify(plain)).not.toContain('\\u0000');
});
