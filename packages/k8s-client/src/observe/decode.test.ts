import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { exited, jobObject, podObject } from '../testing/objects.ts';
import { observeAttempt } from '../observe.ts';
import { decodeEvent, decodeJob, decodePod } from './decode.ts';
import { PoisonedObjectError } from './fields.ts';

type Place = readonly (string | number)[];

/** Every place of an object, outer ones first. */
const placesOf = (value: unknown, place: Place = []): Place[] =>
  typeof value !== 'object' || value === null
    ? [place]
    : [
        place,
        ...Object.entries(value).flatMap(([key, inner]) =>
          placesOf(inner, [...place, Array.isArray(value) ? Number(key) : key]),
        ),
      ];

const replaced = (object: object, place: Place, value: unknown): unknown => {
  const root = { root: structuredClone(object) } as Record<string | number, unknown>;
  let at = root;
  let key: string | number = 'root';
  for (const step of place) {
    at = at[key] as Record<string | number, unknown>;
    key = step;
  }
  at[key] = value;
  return root['root'];
};

const status = exited(3, {
  conditions: [
    { type: 'Ready', status: 'False', reason: '', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
  ],
  initContainerStatuses: [{ name: 'proxy', imageID: '', state: { waiting: { reason: 'PodInitializing' } } }],
});
const spec = {
  initContainers: [{ name: 'proxy', restartPolicy: 'Always' }],
  containers: [{ name: 'main', resources: { limits: { memory: '1Gi' } } }],
};
const pod = podObject(status, {}, { spec });
const job = jobObject();
const event = {
  metadata: { name: 'e', creationTimestamp: '2026-01-01T00:00:00Z' },
  type: 'Warning',
  reason: 'FailedMount',
  message: 'no',
  firstTimestamp: '2026-01-01T00:00:00Z',
  involvedObject: { kind: 'Pod', uid: 'pod-uid', name: 'p' },
};

test.each<[string, object, (object: unknown) => unknown]>([
  ['pod', pod, (object) => observeAttempt(viewOf(object), 0)],
  ['Job', job, decodeJob],
  ['event', event, decodeEvent],
])('whatever stands anywhere in a %s, it is read or named as poisoned', (_name, object, read) => {
  const anywhere = fc.constantFrom(...placesOf(object));
  const anything = fc.oneof(fc.anything(), fc.jsonValue(), fc.constant(undefined));
  fc.assert(
    fc.property(anywhere, anything, (place, value) => {
      try {
        read(replaced(object, place, value));
      } catch (error) {
        expect(error).toBeInstanceOf(PoisonedObjectError);
      }
    }),
    { numRuns: 2_000 },
  );
});

const known = decodeJob(job);
const viewOf = (object: unknown) => ({ job: known, pods: [decodePod(object)], event: null, podEvent: null });
