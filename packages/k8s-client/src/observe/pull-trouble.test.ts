import { expect, test } from 'vitest';
import { mergePod, observeAttempt } from '../observe.ts';
import { jobObject, mainState, podObject } from '../testing/objects.ts';
import { decodeJob, decodePod } from './decode.ts';
import type { PodView } from './views.ts';

const now = 30_000;
const job = decodeJob(jobObject());
const waiting = (reason: string, message: string): PodView =>
  decodePod(podObject(mainState('Pending', { waiting: { reason, message } })));
const judge = (pod: PodView) => observeAttempt({ job, pods: [pod], event: null, podEvent: null }, now);

const digest = `sha256:${'4290'.repeat(16)}`;
test.each([
  [`Failed to pull "r.example/x@${digest}": r.example/x@${digest}: not found`, 'image_not_found'],
  [
    'failed to resolve reference "r.example/timeout:503": r.example/timeout:503: not found',
    'image_not_found',
  ],
  [
    'pulling from host r.example failed with status code [manifests 429]: 401 Unauthorized',
    'image_pull_denied',
  ],
  ['failed to resolve reference "r.example/not found:1": 429 Too Many Requests', 'registry_unavailable'],
  ['Get "https://r.example/v2/": dial tcp 10.0.0.1:443: i/o timeout', 'registry_unavailable'],
  ['Head "http://r.example/v2/denied/manifests/1": net/http: TLS handshake timeout', 'registry_unavailable'],
])('what the image is called says nothing of why it cannot be pulled: %s', (message, reason) => {
  expect(judge(mergePod(undefined, waiting('ErrImagePull', message), now))).toMatchObject({
    kind: 'refused',
    failure: { reason },
  });
});

test('a back-off that does not say why keeps the cause of the last try, until another is told', () => {
  const failed = mergePod(undefined, waiting('ErrImagePull', '429 Too Many Requests'), now);
  const bare = waiting('ImagePullBackOff', 'Back-off pulling image "r.example/x:1"');
  const again = mergePod(mergePod(failed, bare, now), bare, now);
  expect(judge(again)).toMatchObject({
    forMs: 0,
    failure: {
      reason: 'registry_unavailable',
      message: 'The image cannot be pulled: 429 Too Many Requests',
    },
  });
  const gone = mergePod(again, waiting('ErrImagePull', 'manifest unknown'), now);
  expect(judge(gone)).toMatchObject({ failure: { reason: 'image_not_found' } });
  const told = 'Back-off pulling image "r.example/x:1": ErrImagePull: no match for platform in manifest';
  expect(judge(mergePod(gone, waiting('ImagePullBackOff', told), now))).toMatchObject({
    failure: { reason: 'image_platform' },
  });
});

test('a failed mount is told where the server does not show whether it is over, and ends nothing', () => {
  const event = {
    aboutUid: 'pod-uid',
    aboutName: 'p',
    reason: 'FailedMount',
    message: 'timed out',
    seenMs: 0,
  };
  const shows = (conditions: readonly object[]) => {
    const creating = mainState('Pending', { waiting: { reason: 'ContainerCreating' } }, { conditions });
    return observeAttempt({ job, pods: [decodePod(podObject(creating))], event: null, podEvent: event }, now);
  };
  const sandbox = (status: string): object => ({ type: 'PodReadyToStartContainers', status });
  expect(shows([sandbox('False')])).toMatchObject({ kind: 'refused', failure: { reason: 'node_trouble' } });
  expect(shows([])).toMatchObject({ kind: 'waiting', message: 'FailedMount: timed out' });
  expect(shows([sandbox('True')])).toMatchObject({ kind: 'waiting', reason: 'pulling_image' });
});
