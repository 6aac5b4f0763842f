import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { useDev } from './testing/cli.ts';

const dev = useDev();
const { jo } = dev;

describe('profiles and secrets', () => {
  test('a profile is defined by options over a file, shown, and bounds a job', async () => {
    const file = dev.path('small.yaml');
    await writeFile(file, 'name: small\nresources: { limits: { memory: 1Gi } }\nmaximum: { memory: 2Gi }\n');
    const words = ['--toleration', 'spot=true:NoExecute', '--node-selector', 'pool=spot'];
    expect((await jo('profile', 'add', '-f', file, ...words)).code).toBe(0);
    const { stdout } = await jo('profile', 'describe', 'small');
    expect(stdout).toContain('Tolerates     spot=true:NoExecute');
    expect(stdout).toContain('Maximum       memory=2Gi');
    expect((await jo('describe', 'profile', 'small')).stdout).toBe(stdout);
    const refused = await jo('run', '--profile', 'small', '--limit', 'memory=3Gi', 'hello', '--', 'true');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('must not be more than 2Gi under the profile small');
    const unknown = await jo('run', '--profile', 'smal', 'hello', '--', 'true');
    expect(unknown.stderr.match(/did you mean small/g)).toHaveLength(1);
    const listed = await jo('profile', 'list', '-o', 'name');
    expect(listed.stdout).toContain('small');
    expect((await jo('get', 'profile', '-o', 'name')).stdout).toBe(listed.stdout);
    expect((await jo('profile', 'delete', 'small')).code).toBe(0);
    expect((await jo('profile', 'describe', 'small')).code).toBe(5);
  });

  test('a bound secret reaches the program and nothing that is shown', async () => {
    await writeFile(dev.path('secrets.json'), '{"reports": {"token": "hunter2"}}', { mode: 0o600 });
    await jo('secret', 'bind', 'reports-api', '--secret', 'reports', '--key', 'token', '--topic', 'reports');
    const listed = await jo('get', 'secrets', '-o', 'name');
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('reports-api') as string });
    const script = ['sh', '-c', 'echo ${#API_TOKEN}'];
    const words = ['--secret-env', 'API_TOKEN=reports-api', 'hello', '--', ...script];
    expect(await jo('run', '-t', 'reports', ...words)).toMatchObject({ code: 0, stdout: '7\n' });
    const { stdout } = await jo('describe', 'job', '@latest', '-o', 'json');
    expect(stdout).toContain('reports-api');
    expect(stdout).not.toContain('hunter2');
    expect((await jo('run', ...words)).stderr).toContain('is bound for the topics reports');
    expect((await jo('secret', 'unbind', 'reports-api')).code).toBe(0);
  });

  test('what a submitter cannot set is refused in a file with its place, and has no option', async () => {
    const file = dev.path('forbidden.yaml');
    await writeFile(file, 'image: hello\nserviceAccountName: admin\nvolumes: []\n');
    const { code, stderr } = await jo('submit', '-f', file);
    expect(code).toBe(2);
    expect(stderr).toContain('forbidden.yaml:2:1 serviceAccountName: is not yours to set');
    expect(stderr).toContain('forbidden.yaml:3:1 volumes: is not yours to set');
    for (const option of ['--privileged', '--service-account', '--toleration', '--volume', '--user'])
      expect(await jo('run', option, 'x', 'hello')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`unknown option '${option}'`) as string,
      });
  });
});
