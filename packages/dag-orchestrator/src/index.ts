export { loadDag, loadDagFile, type Dag } from './compile/load.ts';
export { dagRules } from './run/dag-rules.ts';
export {
  createDagOrchestrator,
  type DagOrchestrator,
  type DagOrchestratorDependencies,
} from './run/orchestrator.ts';
