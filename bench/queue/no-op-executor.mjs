import { createExecutor } from '../../packages/executor-core/dist/index.js';
import { createSystemClock } from '../../packages/executor-core/dist/testing/index.js';
import { newIncarnationId } from '../../packages/types/dist/index.js';

export const systemClock = createSystemClock();
const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const ended = () => ({
  kind: 'ended',
  exit: {
    exitCode: 0,
    startedAt: new Date(),
    finishedAt: new Date(),
    failure: null,
    output: { kind: 'none' },
    node: null,
    imageDigest: null,
  },
});

/** A runtime whose programs are over as soon as they are started. */
const createNoOpRuntime = (onEnsure) => {
  let onChange = nothing;
  return {
    kind: 'process',
    key: 'bench',
    start: async (callback) => void (onChange = callback),
    ensure: async (launch) => {
      onEnsure();
      setImmediate(() => onChange(launch.attemptId));
      return { kind: 'created', object: { uid: launch.attemptId, name: launch.attemptId } };
    },
    observe: async () => ended(),
    stop: async () => true,
    logTail: async () => null,
    remove: async () => true,
    list: async () => [],
    close: async () => undefined,
  };
};

/** Starts a real executor over a runtime, with the settings that people get by default from the process runtime. */
export const startExecutor = async (database, runtime, config = {}) => {
  const executor = createExecutor({
    database,
    runtime,
    clock: systemClock,
    random: Math.random,
    log,
    newIncarnation: newIncarnationId,
    config: {
      name: 'bench',
      topics: null,
      maxRunning: 1000,
      batchSize: 5,
      pollIntervalMs: 5_000,
      launchRatePerSecond: 500,
      sole: false,
      version: '0.1.0',
      ...config,
    },
  });
  await executor.start();
  return executor;
};

/** An executor whose programs are over at once; `onEnsure` is called at each call of `JobRuntime.ensure`. */
export const startNoOpExecutor = (database, onEnsure, config) =>
  startExecutor(database, createNoOpRuntime(onEnsure), config);
