import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { followToEnd } from '../harness/follow.ts';
import { createInstallation, type Installation } from '../harness/installation.ts';
import { createKubernetesInstallation, podImage } from '../harness/kubernetes-installation.ts';
import { mostResidentMiB, residentMiB } from '../harness/memory.ts';

const embedded = async (): Promise<Installation> => {
  const folder = await mkdtemp(join(tmpdir(), 'jo-large-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return createInstallation({ DATA_DIR: join(folder, 'data') });
};

const mebibyte = 1_048_576;
const setups = [
  { name: '1 GiB of dev', role: 'dev', open: embedded, bytes: 1_024 * mebibyte },
  // Ten rotations; a kubelet takes a few MB a second where others use the machine too.
  { name: '96 MiB on Kubernetes', role: 'serve', open: createKubernetesInstallation, bytes: 96 * mebibyte },
];
/** A title for a terminal, and what is no UTF-8. */
const odd = Buffer.from('\x1b]0;title\x07\xff\xfe the end\n', 'latin1');
/** What a log of any length may cost: 148 MiB were measured, with buffers and garbage, most of it in the first 200 MB. */
const mostMiB = 300;

it.each(setups)('a log of $name is followed in flat memory, and kept byte by byte', async (setup) => {
  const installation = await setup.open();
  onTestFinished(() => installation.close());
  const { client } = installation;
  const { pid } = installation.start([setup.role]);
  await installation.ready();
  await client.putImage({ name: 'busybox', reference: podImage });
  const before = residentMiB(pid);
  const script = `yes "$(printf %01000d 1) a line of a log" | head -c ${setup.bytes}; printf '\\033]0;title\\007\\377\\376 the end\\n'`;
  const { jobs } = await client.submitJobs({ image: 'busybox', command: ['sh', '-c', script] });
  const heard = await followToEnd(client, jobs[0]!.id);
  const grown = mostResidentMiB(pid) - before;
  expect(heard.last).toMatchObject({ kind: 'end', state: 'completed' });
  expect(heard.end).toMatch(/line of a log\n.*title.*\uFFFD\uFFFD the end\n$/);
  expect(heard.gaps > 0 || heard.bytes >= setup.bytes).toBe(true);
  expect(grown).toBeLessThan(mostMiB);
  const kept: Uint8Array[] = [];
  for await (const piece of (await client.streamLog(jobs[0]!.id, { tail: 1_000 })).bytes) kept.push(piece);
  expect(Buffer.concat(kept).subarray(-odd.length)).toEqual(odd);
});
