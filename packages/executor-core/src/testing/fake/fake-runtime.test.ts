import { randomUUID } from 'node:crypto';
import { installationId } from '@job-orchestrator/types';
import { createVirtualClock } from '../clock/virtual-clock.ts';
import { runtimeConformance } from '../conformance/index.ts';
import { fakeCommand } from './program-run.ts';
import { createFakeRuntime } from './runtime.ts';
import { createFakeWorld } from './world.ts';

runtimeConformance('the fake runtime', async () => {
  const clock = createVirtualClock();
  const world = createFakeWorld({ clock });
  return {
    installation: installationId(randomUUID()),
    makeRuntime: async () => createFakeRuntime(world),
    capabilities: { outputs: true, inputs: true },
    timeoutMs: 2_000,
    command: fakeCommand,
    countAlive: async (ref) => (world.find(ref)?.run?.exit() === null ? 1 : 0),
    pause: async (ms) => {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(ms);
    },
    close: async () => undefined,
  };
});
