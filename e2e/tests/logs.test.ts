import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LogMessage } from '@job-orchestrator/client';
import { eventually } from '../harness/eventually.ts';
import { kubectl } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podImage,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;

beforeAll(async () => {
  installation = await createKubernetesInstallation();
  installation.start(['serve']);
  await installation.ready();
  await installation.client.putImage({ name: 'busybox', reference: podImage });
});
afterAll(() => installation.close());

const submit = async (script: string): Promise<string> => {
  const { jobs } = await installation.client.submitJobs({
    image: 'busybox',
    command: ['sh', '-c', script],
  });
  return jobs[0]!.id;
};

/** What a follower hears, with no more of its text kept than its end. */
const follow = async (job: string) => {
  let [bytes, end, gaps] = [0, '', 0];
  let last: LogMessage | null = null;
  for await (const message of installation.client.followLog(job)) {
    if (message.kind === 'gap') gaps += 1;
    if (message.kind === 'text') {
      bytes += Buffer.byteLength(message.text);
      end = (end + message.text).slice(-1_000);
    }
    last = message;
  }
  return { bytes, end, gaps, last };
};

const podIsGone = (job: string): Promise<true> =>
  eventually(`the end of the pod of ${job}`, 90, async () => {
    const selector = `job-orchestrator.io/job-id=${job}`;
    const pods = await kubectl([
      'get',
      'pods',
      '-n',
      installation.namespace.name,
      '-l',
      selector,
      '-o',
      'name',
    ]);
    return pods.trim() === '' ? true : null;
  });

const lines = 2_500;
const lineBytes = 8_192;
const longLines = `
  line=$(head -c ${lineBytes - 1} /dev/zero | tr '\\0' x)
  i=0; while [ $i -lt ${lines} ]; do echo "$line"; i=$((i+1)); done
  echo the very end`;

it('20 MB of long lines: a follower hears of every hole, and the last bytes are kept after the pod', async () => {
  const job = await submit(longLines);
  const heard = await follow(job);
  expect(heard.last).toMatchObject({ kind: 'end', state: 'completed' });
  expect(heard.end).toMatch(/x\nthe very end\n$/);
  const whole = lines * lineBytes + 'the very end\n'.length;
  if (heard.gaps === 0) expect(heard.bytes).toBe(whole);
  await podIsGone(job);
  const stored = await installation.client.readLog(job);
  expect(stored.text).toMatch(/x\nthe very end\n$/);
  expect(stored).toMatchObject({ truncated: true, extent: 'at_least' });
  expect(stored.text.length).toBe(65_536);
  const late = await follow(job);
  expect(late).toMatchObject({ bytes: 65_536, gaps: 1 });
});
