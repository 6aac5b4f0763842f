import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credentials } from './credentials/credentials.ts';
import { checkAccess } from './check-access.ts';
import { pathsOf } from './http/paths.ts';
import { createTestNamespace, type TestNamespace } from './testing/cluster.ts';

// A real API server: set KUBECONFIG to run it.
describe.skipIf(process.env['KUBECONFIG'] === undefined)('access to a namespace', { timeout: 60_000 }, () => {
  let namespace: TestNamespace;
  let executor: Credentials;
  beforeAll(async () => {
    namespace = await createTestNamespace();
    executor = await namespace.minimal();
  });
  afterAll(() => namespace.close());

  test('an executor learns that its namespace is there, and leaves nothing in it', async () => {
    const { namespace: state, rights } = await checkAccess({
      credentials: executor,
      namespace: namespace.name,
    });
    expect(state).toBe('there');
    expect(rights.filter(({ allowed }) => !allowed)).toEqual([]);
    const jobs = await namespace.api.json({ method: 'GET', path: pathsOf(namespace.name).jobs });
    expect(jobs).toMatchObject({ kind: 'ok', body: { items: [] } });
  });

  test('an administrator, who has all rights anywhere, learns that a namespace is missing', async () => {
    const missing = `${namespace.name}-no`;
    const access = await checkAccess({ credentials: namespace.admin, namespace: missing });
    expect(access.namespace).toBe('missing');
    expect(access.rights.every(({ allowed }) => allowed)).toBe(true);
  });

  test('who has no right in a namespace cannot learn whether it is there', async () => {
    const access = await checkAccess({ credentials: executor, namespace: 'kube-system' });
    expect(access.namespace).toBe('unknown');
  });
});
