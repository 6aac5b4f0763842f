export type { ExecutorConfig, ExecutorDependencies } from './config.ts';
export { createExecutor, type Executor } from './executor.ts';
