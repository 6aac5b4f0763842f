import { expect, test } from 'vitest';
import { decodeEvent } from './decode.ts';
import { judgeEvent } from './waiting-rules.ts';

const judge = (message: string) => {
  const warning = decodeEvent({
    type: 'Warning',
    reason: 'FailedCreate',
    message: `Error creating: ${message}`,
    involvedObject: { uid: 'job-uid', name: 'jo-x' },
  });
  return judgeEvent(warning && { ...warning, seenMs: 0 }, 0);
};

test.each([
  'admission webhook "policy.example.com" denied the request: no pod without a timeout',
  'admission webhook "timeout.example.com" denied the request without explanation',
  `pods "jo-x" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: an Internal error code is no label`,
])('a policy’s denial is a refusal, whatever its words: %s', (message) => {
  expect(judge(message)).toMatchObject({ kind: 'refused', failure: { reason: 'launch_refused' } });
});

test.each([
  ['Internal error occurred: failed calling webhook "p.example.com": context deadline exceeded', 'launching'],
  ['Timeout: request did not complete within requested timeout - context deadline exceeded', 'launching'],
  ['admission webhook "quota.example.com" denied the request: exceeded quota: team', 'quota'],
])('what passes by itself is waited for: %s', (message, reason) => {
  expect(judge(message)).toMatchObject({ kind: 'waiting', reason });
});
