import { runtimeConformance } from '@job-orchestrator/executor-core/testing';
import { createProcessRuntime } from './process-runtime.ts';
import { countAlive, openSandbox, silentLog } from './testing/sandbox.ts';
import { createSystemClock } from '@job-orchestrator/executor-core/testing';

const conform = (name: string, watch: boolean): void =>
  runtimeConformance(name, async () => {
    const sandbox = openSandbox();
    const { dataDir, installation } = sandbox;
    return {
      installation,
      makeRuntime: async () =>
        createProcessRuntime({
          dataDir,
          installation,
          log: silentLog,
          clock: createSystemClock(),
          ...(watch ? {} : { watch, pollIntervalMs: 50 }),
        }),
      capabilities: { outputs: true, inputs: true },
      timeoutMs: 10_000,
      dialect: { printInputs: 'cat "$JOB_ORCHESTRATOR_INPUT"' },
      countAlive: async (ref) => (process.platform === 'linux' ? countAlive(ref.attemptId) : 0),
      close: () => sandbox.close(),
    };
  });

conform('the process runtime', true);
conform('the process runtime without file watches', false);
