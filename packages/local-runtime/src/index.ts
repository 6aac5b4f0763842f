export { inheritedVariables } from './launch/environment.ts';
export { createProcessRuntime, type ProcessRuntimeOptions } from './process-runtime.ts';
