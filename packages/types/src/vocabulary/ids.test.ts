import { expect, test } from 'vitest';
import { installationId, isUuid, jobId, newJobId, objectName, shortId } from './ids.ts';

test('a new job id is a UUIDv7 and later ones sort later', () => {
  const ids = Array.from({ length: 1_000 }, newJobId);
  expect(ids.every((id) => isUuid(id) && id[14] === '7')).toBe(true);
  expect(ids.toSorted()).toEqual(ids);
});

test.each([
  '',
  'ABCDEF00-0000-7000-8000-000000000000',
  '../../etc/passwd',
  `${newJobId()}\n`,
  newJobId().slice(1),
])('%j is not a job id', (text) => {
  expect(() => jobId(text)).toThrow(TypeError);
});

test('the name of an attempt is a DNS-1123 label that differs by installation, job and number', () => {
  const [one, other, job] = [
    installationId(newJobId()),
    installationId('11111111-1111-4111-8111-111111111111'),
    newJobId(),
  ];
  const names = [
    objectName(one, job, 1),
    objectName(one, job, 2),
    objectName(other, job, 1),
    objectName(one, newJobId(), 1),
  ];
  expect(new Set(names).size).toBe(4);
  for (const name of [...names, objectName(one, job, 99_999)])
    expect(name).toMatch(/^[a-z0-9][-a-z0-9]{0,61}[a-z0-9]$/);
});

test('people see the last eight characters of an id', () => {
  expect(shortId('0190a0b0-0000-7000-8000-0000deadbeef')).toBe('deadbeef');
});
