import { createSystemClock, runtimeConformance } from '@job-orchestrator/executor-core/testing';
import { createProcessRuntime, type ProcessRuntimeOptions } from '../process-runtime.ts';
import { countAlive, openSandbox, silentLog } from './sandbox.ts';

/** Runs the conformance suite of all runtimes over real processes. */
export const conform = (name: string, options: Partial<ProcessRuntimeOptions>): void =>
  runtimeConformance(name, async () => {
    const sandbox = openSandbox();
    const { dataDir, installation } = sandbox;
    const clock = createSystemClock();
    return {
      installation,
      makeRuntime: async () =>
        createProcessRuntime({ dataDir, installation, log: silentLog, clock, ...options }),
      capabilities: { outputs: true, inputs: true },
      timeoutMs: 10_000,
      dialect: { printInputs: 'cat "$JOB_ORCHESTRATOR_INPUT"' },
      countAlive: async (ref) => (process.platform === 'linux' ? countAlive(ref.attemptId) : 0),
      close: () => sandbox.close(),
    };
  });
