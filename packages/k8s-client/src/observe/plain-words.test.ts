import { expect, test } from 'vitest';
import {
  pullWords,
  quotaWords,
  refusalWords,
  startWords,
  schedulerWords,
  signalName,
} from './plain-words.ts';

const preemption = 'preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';

test.each([
  [
    `0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {gpu: true}. ${preemption}`,
    'No node can take it: of 3 nodes, 1 has too little free memory, 2 have the taint {gpu: true}, which the job does not tolerate.',
  ],
  [
    `0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, ${preemption}`,
    'No node can take it: of 1 node, 1 has too little free cpu.',
  ],
  [
    "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.",
    'No node can take it: of 2 nodes, 1 has not the labels that the job’s node selector asks for, 1 has been closed to new pods (cordoned).',
  ],
  [
    '0/2 nodes are available: 2 node(s) had something new.',
    'No node can take it: of 2 nodes, 2 have “node(s) had something new”.',
  ],
  ['no nodes available to schedule pods', 'no nodes available to schedule pods'],
  ['', ''],
])('the scheduler says %j', (said, plain) => {
  expect(schedulerWords(said)).toBe(plain);
});

test('a quota is told with its numbers, and what is none stays as it is', () => {
  const said =
    'pods "x" is forbidden: exceeded quota: team, requested: limits.memory=2Gi,pods=1, used: limits.memory=7Gi,pods=3, limited: limits.memory=8Gi,pods=3';
  expect(quotaWords(said)).toBe(
    'The quota team of the namespace has no room (limits.memory: 2Gi more asked for, 7Gi of 8Gi used; pods: 1 more asked for, 3 of 3 used).',
  );
  expect(quotaWords('something else')).toBe('something else');
});

test('why no pod is made is told without the name that it would have had', () => {
  const said = 'Error creating: pods "jo-x-" is forbidden: no PriorityClass with name batch was found';
  expect(refusalWords(said)).toBe('Kubernetes refuses the pod: no PriorityClass with name batch was found');
  expect(refusalWords('admission webhook "a" denied it')).toMatch(/refuses the pod: admission webhook "a"/);
});

test.each([
  [
    'rpc error: code = NotFound desc = failed to pull and unpack image "r:5050/a:9": failed to resolve reference "r:5050/a:9": r:5050/a:9: not found',
    'The image cannot be pulled: r:5050/a:9: not found',
  ],
  [
    'Back-off pulling image "r/a:1": ErrImagePull: failed to pull and unpack image "r/a:1": failed to resolve reference "r/a:1": failed to do request: Head "https://r/v2/a/manifests/1": dial tcp: lookup r: no such host',
    'The image cannot be pulled: Head "https://r/v2/a/manifests/1": dial tcp: lookup r: no such host',
  ],
  ['something new', 'The image cannot be pulled: something new'],
])('a pull that failed with %j is told without what stands around it', (said, plain) => {
  expect(pullWords(said)).toBe(plain);
});

test('a command that cannot be started is told without the layers of the runtime', () => {
  const said =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no/such": stat /no/such: no such file or directory: unknown';
  expect(startWords(said)).toBe(
    'The command cannot be started: exec: "/no/such": stat /no/such: no such file or directory',
  );
  expect(startWords('')).toBe('The command cannot be started.');
});

test('signals have their names', () => {
  expect([11, 9, 15, 99].map(signalName)).toEqual([
    'SIGSEGV (11)',
    'SIGKILL (9)',
    'SIGTERM (15)',
    'signal 99',
  ]);
});
